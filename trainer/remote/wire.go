package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"innate/trainer/run"
)

// Protocol is the version of what both sides speak.
const Protocol = 1

// Greeting is the line that begins an answer over standard output.
const Greeting = "innate serve 1\n"

// Hello is the answer to GET /v1/.
type Hello struct {
	Protocol int      `json:"protocol"`
	Offers   []string `json:"offers,omitempty"` // such as OfferFork
}

// Entry is a run of a list, as its own machine sees it.
type Entry struct {
	Name    string     `json:"name"`
	Alive   bool       `json:"alive,omitempty"` // a trainer holds its lock
	Status  run.Status `json:"status"`
	About   run.About  `json:"about"`
	Version string     `json:"version"`         // changes whenever a file of the run does
	Error   string     `json:"error,omitempty"` // why the run cannot be read
}

// Listing is the answer to GET /v1/runs/RUN.
type Listing struct {
	Files map[string]Stamp `json:"files"` // by name, those that there are
	// Samples is the version of the folder of samples. They are among Files
	// where the request names another version.
	Samples string `json:"samples,omitempty"`
}

// Stamp tells versions of a file apart.
type Stamp struct {
	Size int64     `json:"size"`
	Mod  time.Time `json:"mod"`
	Node uint64    `json:"node,omitempty"` // the inode: another file of the same name has another
}

// UnmarshalJSON reads a stamp with its time in UTC: a zone of its own, as one that is not of
// whole hours gets at every reading, would make two of one time differ.
func (s *Stamp) UnmarshalJSON(text []byte) error {
	type plain Stamp // without this method
	if err := json.Unmarshal(text, (*plain)(s)); err != nil {
		return err
	}
	s.Mod = s.Mod.UTC()
	return nil
}

// Headers of requests and answers.
const (
	offsetHeader = "Innate-Offset" // of a growing file: where the answer begins
	sizeHeader   = "Innate-Size"   // of the whole file
)

// noVersion is the version of a file that is not there.
const noVersion = "none"

// versionOf is the version of a file that clients may replace.
func versionOf(text []byte) string { return hashOf(text) }

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// errorBody is the answer to what cannot be done.
type errorBody struct {
	Error string `json:"error"`
}
