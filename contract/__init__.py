"""What a policy sees, does and expects: the one record that training and robot share."""
