"""The web application of one process: the API and the pages under one roof."""
