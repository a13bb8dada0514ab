from api.rules.jobs import QUEUES
from workers.app import app
from workers.handlers import HANDLERS


def test_every_reaction_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    named = {task for tasks in HANDLERS.values() for task in tasks}
    assert named <= app.tasks.keys()


def test_every_task_of_ours_has_a_queue() -> None:
    app.loader.import_default_modules()
    features = {name.partition(".")[0] for name in app.tasks if not name.startswith("celery.")}
    assert features - {"test"} <= QUEUES.keys()
