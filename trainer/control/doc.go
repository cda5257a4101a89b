// Package control is how a running trainer is watched and steered: wire types,
// one table of routes, a server on a Unix socket and perhaps on TCP, and its
// client.
//
// The socket is control.sock in the run directory, open to its owner only.
// Where that path is longer than a socket's may be, the socket lies in a private
// directory under the temporary one and control.sock.path in the run directory
// holds its path. A socket that is removed is made again within a second. It
// speaks HTTP with JSON bodies; all routes and their types:
//
//	D=runs/00003-mnist-gdd-i
//	ask() { curl -sS --unix-socket $D/control.sock "$@"; }
//	ask http://innate/v1/                                  # []Route: this list
//	ask http://innate/v1/status                            # run.Status
//	ask http://innate/v1/layers                            # []run.Layer
//	ask -N http://innate/v1/stream                         # Message a line: see below
//	ask -N 'http://innate/v1/stream?types=tick,event'
//	ask -X POST http://innate/v1/pause                     # Status after it, as all of these
//	ask -X POST http://innate/v1/resume
//	ask -X POST http://innate/v1/stop
//	ask -d '{"set":{"live.gen_lr":"0.0002"}}' http://innate/v1/set                    # SetRequest
//	ask -d '{"preset":"gdd-i","train":["dec.28x28_*"]}' http://innate/v1/freeze       # FreezeRequest
//	ask -d '{"toggle":["enc.28x28_block0.conv0.weight"]}' http://innate/v1/freeze
//	ask -X POST http://innate/v1/checkpoint                # answered once it is on disk
//	ask -X POST http://innate/v1/evaluate                  # answered once it has a value, fid_nimg of the answer
//	ask -X POST http://innate/v1/sample                    # sample_file names the picture
//	ask -d '{"seed":7}' http://innate/v1/sample            # SampleRequest
//	ask -X POST http://innate/v1/back                      # answered once a checkpoint of before the last live change is on disk
//	ask -d '{"nimg":12000}' http://innate/v1/back          # BackRequest
//	ask http://innate/metrics                              # text for Prometheus
//
// A POST is answered once it is done, with the status after it: settings, pauses
// and samples between two steps, a checkpoint, a stop and a way back when their file is on
// disk, an evaluation when it has its value (of a paused run, when it has taken
// the weights). A stop that cannot leave a checkpoint, on a full disk for one, is
// refused with the reason and with what would be lost. An error is {"error": "one
// line"} with a status code from 400 up. A field or a query parameter that a route
// does not know is an error; new ones may appear in answers, and clients skip
// those. What would break a client gets a new prefix beside /v1.
//
// # The stream
//
// GET /v1/stream sends one JSON object a line (NDJSON rather than server-sent
// events: curl, jq and any JSON decoder take it as it is, and browsers, which
// prefer the latter, cannot send the token):
//
//	{"type":"status","data":{…}}    Status: first, and when it has changed, once a second at most
//	{"type":"layers","data":[…]}    []Layer: at first, and when freezing or statistics have changed
//	{"type":"tick","nimg":…}        the line of metrics.jsonl, also of type fid, test or resume
//	{"type":"event","time":…}       the line of events.jsonl
//	{"type":"dropped","data":{"count":3}}    about here that many messages are missing
//	{"type":"heartbeat"}            after 15 seconds of silence
//
// A client that reads too slowly loses ticks and states, and hears how many;
// rather than losing an event it is cut off. The files of the run have all of
// it. Training waits for no client: see Hub. At most 64 streams are open at
// once; another is answered with 503.
//
// # TCP
//
// With --listen 127.0.0.1:7070 the same routes are answered there, on loopback
// only (from another machine: ssh -L, or innate open ssh://HOST: package remote).
// Every request, also one for /metrics, then needs the token, which is new at every
// start and lies in control.token with mode 0600:
//
//	curl -sS -H "Authorization: Bearer $(cat $D/control.token)" http://127.0.0.1:7070/v1/status
//
// Prometheus takes it as authorization: {credentials_file: …/control.token}.
package control
