from setuptools import setup

setup()  # everything is in setup.cfg, which both pip and colcon read
