#!/usr/bin/env bash
# TensorBoard's EventAccumulator takes SessionLog.START, which says that a run
# begins again at a step, for scalars, but not for text: summaries from beyond
# that step stay beside those of the new start.
#
# Seen with tensorboard 2.21.0 on Python 3.11: of points at steps 0 to 4, then
# START at step 2 in a second file and a new point at step 2, it keeps
#
#     scalars [0, 1, 2]          right: 2 to 4 of the first start are gone
#     text [0, 1, 2, 3, 4, 2]    the first start's 2, 3 and 4 stay
#
# Needs Python 3 with venv and pip. Exit status 0 while this is what happens, 1
# when it has changed.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check tensorboard==2.21.0
cat > "$tmp/try.py" <<'PY'
import os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.text import metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import tensor_util

logs = sys.argv[1]
os.makedirs(logs)
text = metadata.create_summary_metadata(display_name=None, description=None)


def point(step):
    s = summary_pb2.Summary()
    s.value.add(tag="loss", simple_value=float(step))
    s.value.add(tag="note", metadata=text, tensor=tensor_util.make_tensor_proto([f"at {step}"]))
    return event_pb2.Event(wall_time=1.0 + step, step=step, summary=s)


def write(name, events):
    with open(os.path.join(logs, name), "wb") as f:
        w = RecordWriter(f)
        for e in events:
            w.write(e.SerializeToString())
        w.flush()


version = event_pb2.Event(wall_time=1.0, file_version="brain.Event:2")
start = event_pb2.Event(wall_time=9.0, step=2)
start.session_log.status = event_pb2.SessionLog.START
write("events.out.tfevents.1.host", [version] + [point(s) for s in range(5)])
write("events.out.tfevents.2.host", [version, start, point(2)])
a = EventAccumulator(logs).Reload()
print("scalars", [e.step for e in a.Scalars("loss")])
print("text", [e.step for e in a.Tensors("note")])
PY
got=$("$tmp/venv/bin/python" "$tmp/try.py" "$tmp/logs" 2>"$tmp/err") || { cat "$tmp/err"; exit 1; }
echo "$got"
[ "$got" = $'scalars [0, 1, 2]\ntext [0, 1, 2, 3, 4, 2]' ] || { echo "this has changed" >&2; exit 1; }
