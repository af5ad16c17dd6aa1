"""What community LocalStack does with Docker only, or not at all: functions and ECS tasks as local processes.

LocalStack finds these modules by the entry points that ``gantry_localstack.dist-info`` names beside this folder.
"""
