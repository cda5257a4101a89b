package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// side is one of the two programs that are compared.
type side struct {
	name    string
	command []string

	proc   *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	rounds []reply // without the first, in which it prepares
}

// reply is a worker's answer to one request.
type reply struct {
	MS     []float64 `json:"ms"`
	CPU    []float64 `json:"cpu"`
	HWM    int       `json:"hwm"` // MiB
	RSS    int       `json:"rss"`
	Params int       `json:"params"`
	Error  string    `json:"error,omitempty"`
}

// start runs the worker and waits until it is ready.
func (s *side) start() error {
	s.proc = exec.Command(s.command[0], s.command[1:]...)
	s.proc.Stderr = os.Stderr
	var err error
	if s.in, err = s.proc.StdinPipe(); err != nil {
		return err
	}
	out, err := s.proc.StdoutPipe()
	if err != nil {
		return err
	}
	s.out = bufio.NewReader(out)
	if err := s.proc.Start(); err != nil {
		return err
	}
	line, err := s.out.ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "ready") {
		err = fmt.Errorf("got %q, want ready", strings.TrimSpace(line))
	}
	return err
}

// stop ends the worker by the end of its input.
func (s *side) stop() error {
	if s.proc == nil || s.proc.Process == nil {
		return nil
	}
	s.in.Close()
	return s.proc.Wait()
}

// ask has one request answered.
func (s *side) ask(request string, reps int) (reply, error) {
	var r reply
	if _, err := fmt.Fprintf(s.in, "%s %d\n", request, reps); err != nil {
		return r, err
	}
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, err
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	if len(r.MS) != reps || len(r.CPU) != reps {
		return r, fmt.Errorf("%d and %d times, want %d", len(r.MS), len(r.CPU), reps)
	}
	return r, nil
}

// askAll has a case answered whose operation has parts: times are weighted sums.
func (s *side) askAll(c testCase, reps int) (sum reply, err error) {
	ops, weights := parts(c.op)
	sum.MS, sum.CPU = make([]float64, reps), make([]float64, reps)
	for i, op := range ops {
		r, err := s.ask(fmt.Sprint(c.network, " ", c.batch, " ", op), reps)
		if err != nil {
			return r, err
		}
		for k := range reps {
			sum.MS[k] += weights[i] * r.MS[k]
			sum.CPU[k] += weights[i] * r.CPU[k]
		}
		sum.HWM, sum.RSS, sum.Params = r.HWM, r.RSS, r.Params
	}
	return sum, nil
}

// measure starts all sides and lets them take turns. The first turn, in which they
// prepare, does not count.
func measure(sides []side, c testCase, rounds, reps int) (err error) {
	for i := range sides {
		s := &sides[i]
		defer func() { err = errors.Join(err, s.stop()) }()
		if err := s.start(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if _, err := s.askAll(c, 1); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for range rounds {
		for i := range sides {
			r, err := sides[i].askAll(c, reps)
			if err != nil {
				return fmt.Errorf("%s: %w", sides[i].name, err)
			}
			sides[i].rounds = append(sides[i].rounds, r)
		}
	}
	return nil
}

// times are the mean times of the rounds, in milliseconds.
func (s *side) times(clock string) []float64 {
	var list []float64
	for _, r := range s.rounds {
		ms := r.CPU
		if clock == "wall" {
			ms = r.MS
		}
		sum := 0.0
		for _, t := range ms {
			sum += t
		}
		list = append(list, sum/float64(len(ms)))
	}
	return list
}

// report prints one case. A ratio is PyTorch's time over innate's: above 1, innate
// is the faster one. Its spread is that of the rounds.
func report(name string, sides []side, clock string) {
	fmt.Printf("%s (%d parameters, %s time)\n", name, sides[0].rounds[0].Params, clock)
	for _, s := range sides {
		t := s.times(clock)
		fmt.Printf("  %-7s %9.1f ms at best, %9.1f median, %6d MiB at most\n", s.name, slices.Min(t), median(t), s.rounds[len(s.rounds)-1].HWM)
	}
	if len(sides) < 2 {
		return
	}
	ours, theirs := sides[0].times(clock), sides[1].times(clock)
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = theirs[i] / ours[i]
	}
	fmt.Printf("  ratio   %.2f of the best, %.2f median of rounds, %.2f to %.2f; memory %.2f of PyTorch's\n",
		slices.Min(theirs)/slices.Min(ours), median(ratios), slices.Min(ratios), slices.Max(ratios),
		float64(sides[0].rounds[len(ours)-1].HWM)/float64(sides[1].rounds[len(ours)-1].HWM))
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
