"""ROS 2 nodes as thin shells over cores that know nothing of ROS."""
