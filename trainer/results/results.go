// Package results keeps the numbers that were measured of networks and of sets of
// images: a table in a file, one JSON object a line, each with everything that says
// what the number may be compared with. It knows no networks and draws nothing.
package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"innate/trainer/runlog"
)

// Result is one number.
type Result struct {
	Time    time.Time `json:"time"`
	Measure           // what was measured, and how
	Seed    uint64    `json:"first_seed"` // of the first of the images; 0 for a set
	Value   float64   `json:"value"`
	SD      float64   `json:"sd,omitempty"` // that belongs to the value, as Note says
	Note    string    `json:"note,omitempty"`
}

// Measure is all that two numbers must have in common to be of one kind: they differ
// by their seeds alone.
type Measure struct {
	Network  string `json:"network"`           // or set of images, as it was named
	Weights  string `json:"weights,omitempty"` // fingerprint; "" of a set
	Nimg     int64  `json:"nimg,omitempty"`    // images that it was trained on, if its file says
	EMA      string `json:"ema,omitempty"`     // which average the weights are
	Name     string `json:"statistic"`         // of the statistic
	Metric   string `json:"metric"`            // for people: statistic and features
	Rises    bool   `json:"rises,omitempty"`   // more is better
	Features string `json:"features"`          // fingerprint of the feature network
	Input    string `json:"input"`             // how it gets its images: the resize is in the name
	Size     [2]int `json:"size"`              // of the images, [H W]
	Ref      string `json:"ref,omitempty"`     // what was compared with, and how many images it has; 0: not known
	RefN     int64  `json:"ref_images,omitempty"`
	RefSum   string `json:"ref_digest,omitempty"` // of its moments
	N        int    `json:"images"`
	Steps    int    `json:"steps,omitempty"` // of the sampler; 0 for a set
	NFE      int    `json:"nfe,omitempty"`   // evaluations of the network for an image
	Device   string `json:"device"`
}

// Last is the seed of the last image.
func (r Result) Last() uint64 { return r.Seed + uint64(r.N) - 1 }

// Append adds results to the table at path, which is made if it is missing. A line
// that a killed writer left unfinished is ended first.
func Append(path string, list ...Result) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("results: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := runlog.EndTornLine(f); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	var lines []byte
	for _, r := range list {
		line, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("results: %w", err)
		}
		lines = append(append(lines, line...), '\n')
	}
	if _, err := f.Write(lines); err != nil { // at once: a reader sees whole lines
		return fmt.Errorf("results: %w", err)
	}
	return f.Sync()
}

// Read reads a table; one that is missing is empty. Lines that are no results, such
// as an unfinished one, are left out and counted.
func Read(path string) (list []Result, bad int, err error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("results: %w", err)
	}
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var r Result
		if err := json.Unmarshal(line, &r); err != nil || r.Name == "" {
			bad++
			continue
		}
		list = append(list, r)
	}
	return list, bad, nil
}
