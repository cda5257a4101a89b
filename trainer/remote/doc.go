// Package remote opens the runs of another machine: a Server there gives the files
// of a runs directory and passes commands on to trainers, a Client here asks it.
//
// Both speak HTTP/2 without encryption over one stream of bytes, on which requests
// do not wait for each other: standard input and output of innate serve, which ssh
// carries and guards, or a TCP connection, where every request shows a token.
// Over standard output a line, Greeting, comes first: what a login shell prints
// before it is skipped.
//
//	GET  /v1/                             Hello
//	GET  /v1/runs                         []Entry, the newest last
//	GET  /v1/runs/RUN                     Listing: the files of a run, with their stamps
//	GET  /v1/runs/RUN/files/NAME          the file; ?offset=N&tail=HASH continues one that grows
//	PUT  /v1/runs/RUN/files/config.toml   with If-Match: "HASH", the version that was changed
//	POST /v1/runs/RUN/start               starts a trainer for a stopped run
//	*    /v1/runs/RUN/control/ROUTE       what the trainer's socket answers: package control
//
// An error is {"error": "one line"}.
//
// # What is served
//
// The files that names.go lists, where they are regular files, and nothing else of
// any directory. A path is opened through os.Root: no link leads out of the runs
// directory. A link in the place of a file is refused wherever it leads.
//
// A growing file is continued from the size of its copy on, which comes with a hash
// of the copy's last bytes. Where the server's file has other bytes there, or fewer,
// it was replaced, and the answer begins at its beginning.
package remote
