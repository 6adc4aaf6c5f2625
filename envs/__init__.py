"""Worlds as Gymnasium environments; importing the package registers them."""

from gymnasium.envs.registration import register

register(
    id="hogline/Curling-v0",
    entry_point="envs.curling.tasks.env:CurlingEnv",
    vector_entry_point="envs.curling.tasks.vector_env:curling_vector_env",
)
register(
    id="hogline/CurlingDraw-v0",
    entry_point="envs.curling.tasks.single_shot:SingleShotEnv",
    vector_entry_point="envs.curling.tasks.vector_env:single_shot_vector_env",
    kwargs={"task": "draw"},
)
register(
    id="hogline/CurlingTakeout-v0",
    entry_point="envs.curling.tasks.single_shot:SingleShotEnv",
    vector_entry_point="envs.curling.tasks.vector_env:single_shot_vector_env",
    kwargs={"task": "takeout"},
)

MANIPULATION_TASKS = {
    "reacher": "envs.manipulation.reach:REACHER",
    "pusher": "envs.manipulation.push:PUSHER",
    "multi_pusher": "envs.manipulation.push:MULTI_PUSHER",
    "variable_pusher": "envs.manipulation.push:VARIABLE_PUSHER",
    "door": "envs.manipulation.door:DOOR",
}
"""Name of a manipulation task -> its `envs.manipulation.plan.TaskPlan`; the only place that lists them."""

for _task in MANIPULATION_TASKS:
    _name = _task.title().replace("_", "")
    for _kind, _arguments in (("", {}), ("Visual", {"image_size": 48})):
        register(
            id=f"hogline/{_kind}{_name}-v0",
            entry_point="envs.manipulation.env:ManipulationEnv",
            vector_entry_point="envs.manipulation.env:manipulation_vector_env",
            kwargs={"task": _task, **_arguments},
        )
