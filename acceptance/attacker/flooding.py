"""Flooding: last, because it may leave people locked out for two minutes."""


def flood(scene):
    """Whoever reaches the people's listener without a key must not keep the people out: they hold the brake."""
    for i in range(1001):
        scene.desk.call("POST", "challenge", {"person": f"nobody-{i}"})
    scene.seen[:] = scene.seen[-3:]
    return scene.desk.login("dana.moe") is None


def tries(scene):
    yield "a flood of challenges keeps people out", lambda: flood(scene)
