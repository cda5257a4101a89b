// Package remote opens the runs of another machine. A Server there gives the files
// of a runs directory and passes commands on to trainers; a Mirror here follows
// those files in a folder of its own, so that whatever reads a run directory reads
// the copy, and answers on the copy's control socket in the trainer's place.
//
// Both speak HTTP/2 without encryption over one stream of bytes, on which requests
// do not wait for each other: standard input and output of innate serve, which ssh
// carries and guards, or a TCP connection, where every request shows a token.
// Over standard output a line, Greeting, comes first: what a login shell prints
// before it is skipped.
//
//	GET  /v1/                             Hello
//	GET  /v1/runs                         []Entry, the newest last; ?only=RUN for one
//	GET  /v1/runs/RUN                     Listing: the files of a run, with their stamps
//	GET  /v1/runs/RUN/files/NAME          the file; ?offset=N&tail=HASH continues one that grows
//	PUT  /v1/runs/RUN/files/config.toml   with If-Match: "HASH", the version that was changed
//	POST /v1/runs/RUN/start               starts a trainer for a stopped run
//	POST /v1/runs/RUN/fork                forks a run and starts the fork, where that is offered
//	POST /v1/runs/RUN/analyze             runs an analysis, where that is offered
//	DELETE /v1/runs/RUN/files/NAME        ends an analysis: NAME is that of its progress
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
// # What is believed
//
// Of a server nothing: names are checked here by the same list, sizes are bounded,
// and all writing goes through an os.Root, so that a hostile server writes no file
// outside the copy's folder, whatever it says.
//
// # Growing files
//
// A file that grows is asked for from the size of its copy on, with a hash of the
// copy's last bytes. Where the server's file has other bytes there, or fewer, it has
// been replaced: the copy is removed, and fetched anew at the next look, so that
// readers notice. A connection that ends in the middle leaves what has come.
package remote
