package main

import (
	"errors"
	"fmt"
	"strings"

	"innate/models/checkpoint"
	"innate/models/filetype"
	"innate/models/precond"
	"innate/models/published"
	"innate/models/weights"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/run"
)

// wantRun says what a RUN may be named by.
const wantRun = "a run: a number, a name or a directory with a " + run.ConfigFile

// find returns the directory of the run that ref names. Where that is none but
// something else, the error says what it is.
func find(runs, ref string) (string, error) {
	dir, file, err := runOrFile(runs, ref)
	if err == nil && file != "" {
		kind, err := filetype.Of(file)
		if err != nil {
			return "", err
		}
		if kind == "" {
			kind = "a file"
		}
		return "", fmt.Errorf("%s: %w", file, kind.Refuse(wantRun))
	}
	return dir, err
}

// runOrFile returns the directory of the run that ref names, or else the file
// that it names. A run is found before a file of its name; ./NAME is the file.
func runOrFile(runs, ref string) (dir, file string, err error) {
	dir, err = run.Find(run.RunsDir(runs), ref)
	if err == nil || errors.Is(err, run.ErrAmbiguous) {
		return dir, "", err
	}
	kind, statErr := filetype.Of(ref)
	switch {
	case statErr != nil:
		return "", "", err
	case kind == filetype.Directory:
		return "", "", fmt.Errorf("%s: %w", ref, kind.Refuse(wantRun))
	}
	return "", ref, nil
}

// openNetwork opens what a command line names: builtin:NAME, fetch:NAME, a file of safetensors
// or PyTorch of any name, or a run, whose newest checkpoint it reads.
func openNetwork(c *cli, runs, ref string) (*checkpoint.File, error) {
	return openBy(weights.Open, loop.NewestCheckpoint, c, runs, ref)
}

// openHeader is openNetwork without the values; what is built in has them all the
// same.
func openHeader(c *cli, runs, ref string) (*checkpoint.File, error) {
	return openBy(weights.OpenHeader, loop.NewestHeader, c, runs, ref)
}

// openBy opens a file by read, and the checkpoint of a run by newest.
func openBy(read func(path string) (*checkpoint.File, error), newest func(dir string, broken func(error)) (*checkpoint.File, error),
	c *cli, runs, ref string) (*checkpoint.File, error) {
	switch {
	case strings.HasPrefix(ref, weights.Prefix), strings.HasPrefix(ref, published.Prefix), strings.HasSuffix(ref, run.CheckpointExt):
		return read(ref)
	}
	dir, path, err := runOrFile(runs, ref)
	if err != nil {
		return nil, err
	}
	if path != "" {
		return read(path)
	}
	file, err := newest(dir, func(err error) { fmt.Fprintf(c.err, "innate: %v\n", err) })
	if err == nil && file == nil {
		err = fmt.Errorf("%s: no checkpoint yet", dir)
	}
	return file, err
}

// useNetwork is openNetwork for what is more than looked at: it says on standard
// error what another program has changed.
func useNetwork(c *cli, runs, ref string) (*checkpoint.File, error) {
	file, err := openNetwork(c, runs, ref)
	if err == nil && file.Changed != "" {
		fmt.Fprintf(c.err, "innate: %s: %s\n", file.Path, file.Changed)
	}
	return file, err
}

// wantNetwork says what a network may be named by.
const wantNetwork = "RUN, FILE of weights, builtin:NAME or fetch:NAME"

// openDenoiser opens a network and decides on its number of steps: 1 for a
// one-step generator and 18 for a diffusion model, unless steps says otherwise.
func openDenoiser(c *cli, runs, ref string, steps int) (*precond.Denoiser, int, error) {
	file, err := useNetwork(c, runs, ref)
	if err != nil {
		return nil, 0, err
	}
	return denoiserIn(file, steps)
}

// denoiserIn is openDenoiser of a file at hand.
func denoiserIn(file *checkpoint.File, steps int) (*precond.Denoiser, int, error) {
	den, err := method.OpenDenoiser(file)
	if err != nil {
		return nil, 0, err
	}
	if steps == 0 {
		steps = 1
		if den.Kind != precond.GDD {
			steps = 18
		}
	}
	return den, steps, nil
}
