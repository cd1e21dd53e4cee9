import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = 1
worker_class = "gthread"
threads = 8
# Longer than any load balancer keeps a connection that nobody uses.
keepalive = 75
graceful_timeout = 30
accesslog = None
control_socket_disable = True
