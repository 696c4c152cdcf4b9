"""One module a step kind, each with `run(task) -> record`: the only place where the organs meet."""
