def report(files, hdl):
    return True
