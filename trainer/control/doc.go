// Package control is how a running trainer is watched and steered: wire types,
// one table of routes, a server on a Unix socket, its client, and reading run
// directories, whose trainer may be gone.
//
// The socket is control.sock in the run directory, open to its owner only.
// Where that path is longer than a socket's may be, the socket lies in
// $XDG_RUNTIME_DIR (or a private directory under the temporary one) and
// control.sock.path in the run directory holds its path. It speaks HTTP with
// JSON bodies:
//
//	S=runs/00003-mnist-gdd-i/control.sock
//	curl -s --unix-socket $S http://innate/v1/status
//	curl -s --unix-socket $S http://innate/v1/layers
//	curl -s --unix-socket $S -X POST http://innate/v1/pause
//	curl -s --unix-socket $S -X POST http://innate/v1/resume
//	curl -s --unix-socket $S -X POST http://innate/v1/stop
//	curl -s --unix-socket $S -d '{"set":{"live.gen_lr":"0.0002"}}' http://innate/v1/set
//	curl -s --unix-socket $S -d '{"preset":"gdd-i","train":["dec.28x28_*"]}' http://innate/v1/freeze
//	curl -s --unix-socket $S -d '{"toggle":["enc.28x28_block0.conv0.weight"]}' http://innate/v1/freeze
//
// A POST is answered once the training loop has applied it between two steps,
// with the status after it. An error is {"error": "one line"} with a status
// code from 400 up.
//
// Whether a trainer lives is told by the lock it holds on the file lock of the
// run directory, never by its pid: ReadInfo derives the state of a run from
// that and from the last status in status.json.
package control
