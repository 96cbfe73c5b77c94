def all(*a): return (0, 0)
