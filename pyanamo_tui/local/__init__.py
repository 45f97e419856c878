"""The embedded DynamoDB and the sample workflow."""
