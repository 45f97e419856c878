"""One contract for everything of ours that talks to DynamoDB, held to each DynamoDB stand-in in turn."""
