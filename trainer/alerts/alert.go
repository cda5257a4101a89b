package alerts

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"innate/trainer/run"
)

// Kinds of alerts, the values of alerts.mute.
const (
	Best     = "best"     // an evaluation found the best network so far
	Diverged = "diverged" // a loss diverges
	Died     = "died"     // the trainer has gone without a word, or the run failed
	Done     = "done"     // the run has seen all its images
)

// Test is the kind of an alert that innate doctor --alert sends.
const Test = "test"

// Version of Alert; it grows when a field changes its meaning.
const Version = 1

// Alert is what is sent: an object of JSON.
type Alert struct {
	Version   int       `json:"version"`
	Kind      string    `json:"kind"` // best | diverged | died | done | test
	Text      string    `json:"text"` // one line for people; chats show it by that name
	Time      time.Time `json:"time"` // when it happened, or for a death found late when it was found
	Run       string    `json:"run"`  // base name of the run directory
	Dir       string    `json:"dir"`  // absolute, on that host
	Host      string    `json:"host"`
	State     string    `json:"state"`            // as run.Status has it; of a death dead, of a failure failed
	Nimg      int64     `json:"nimg"`             // images seen
	TotalNimg int64     `json:"total_nimg"`       // that the run is to see
	Metric    string    `json:"metric,omitempty"` // name of what evaluations measure, such as FID(mnist-cnn)
	Value     *float64  `json:"value,omitempty"`  // newest value
	BestValue *float64  `json:"best_value,omitempty"`
	Error     string    `json:"error,omitempty"` // why the run failed
}

// New is an alert about a run whose status is s.
func New(kind string, s run.Status, text string) Alert {
	host, _ := os.Hostname() // "" where it has no name
	return Alert{
		Version: Version, Kind: kind, Time: time.Now(), Run: s.Run, Dir: s.Dir, Host: host, State: s.State,
		Text: fmt.Sprintf("%s: %s", run.OneLine(s.Run), run.OneLine(text)),
		Nimg: s.Nimg, TotalNimg: s.TotalNimg, Metric: cmp.Or(s.FIDName, s.Metric), Value: s.LastFID, BestValue: s.BestFID, Error: s.Error,
	}
}

// death is the alert about a trainer that has gone; s is its last heartbeat.
func death(s run.Status) Alert {
	text := fmt.Sprintf("the trainer died at %.1f kimg", float64(s.Nimg)/1000)
	switch {
	case s.CheckpointNimg > 0:
		text += fmt.Sprintf("; innate resume continues from %.1f kimg", float64(s.CheckpointNimg)/1000)
	default:
		text += "; there is no checkpoint"
	}
	s.State = run.StateDead
	return New(Died, s, text)
}
