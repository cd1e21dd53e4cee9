// Summit starts here.
