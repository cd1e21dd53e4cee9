"""AWS on this machine, and what is in it compared with what the templates ask for."""
