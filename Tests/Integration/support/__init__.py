"""What the integration tests share: labs, clients, processes, load, a browser."""
