"""Object stores: a local folder or any S3, write-once objects by key, and where the checkpoint stands."""
