// Command compare times innate and a PyTorch worker alternately on the same
// networks, with the same number of threads, and prints the ratio of their times,
// its spread, and the memory of both:
//
//	go run ./models/kernels/bench/compare -python PYTHON -worker torch_worker.py \
//		-mode eager -threads 1 -rounds 5 cifar:8:edm mnist:64:fwd
//	go run ./models/kernels/bench/compare -python PYTHON \
//		-worker models/kernels/bench/compare/feature_worker.py lite:2:grad
//
// A case is network:batch:operation. Networks are mnist, demo and cifar, and paper, which
// is cifar with the discriminators that GDD-I is published with. Operations
// are fwd (one call of the network), heun18 (EDM's sampler of 18 steps), edm (one
// training step: loss, gradients, Adam, moving average), and gdd0 to gdd3, an iteration
// of GDD with that freezing preset, 0 for none and 1 for gdd-i. Its stages are
// operations of their own, followed by the preset: g1, the generator; d1, the
// discriminator, images of the generator included; r1, the gradient penalty, which
// counts for a sixteenth of an iteration; e1, the moving average.
//
// The feature networks vgg, lite and deit have grad, the gradient of the maps that a
// discriminator reads to images of 224×224 pixels, and inception, for images of 299×299,
// has features. Their PyTorch worker is feature_worker.py, which wants torchvision and
// timm.
//
// The worker is started with its mode and the number of threads. It prints a line
// that begins with "ready", then reads lines "network batch operation repetitions"
// and answers each with one line of JSON: ms and cpu, the wall-clock and processor
// time of each repetition in milliseconds, hwm and rss, its memory in MiB at most and
// now, and params, or else error. compare runs itself as such a worker for innate:
// without -worker its times alone are printed.
//
// On a busy machine compare processor times of one thread: -clock cpu.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
)

func main() {
	var (
		python  = flag.String("python", "python3", "interpreter that has PyTorch")
		worker  = flag.String("worker", "", "PyTorch worker; empty: innate alone")
		mode    = flag.String("mode", "eager", "first argument of the worker: eager, cl, compile or compilecl")
		threads = flag.Int("threads", 1, "threads of each side")
		rounds  = flag.Int("rounds", 5, "how often both sides take turns")
		reps    = flag.Int("reps", 1, "repetitions in a turn")
		clock   = flag.String("clock", "cpu", "time that is compared: cpu or wall")
		serve   = flag.Bool("serve", false, "be innate's worker")
	)
	flag.Parse()
	var err error
	switch {
	case *serve:
		err = answer(os.Stdin, os.Stdout, *threads)
	case *clock != "cpu" && *clock != "wall":
		err = fmt.Errorf("-clock: got %q, want cpu or wall", *clock)
	case flag.NArg() == 0:
		err = fmt.Errorf("got no case, want some such as cifar:8:edm")
	default:
		var theirs []string
		if *worker != "" {
			theirs = []string{*python, *worker, *mode, fmt.Sprint(*threads)}
		}
		err = compare(theirs, *threads, *rounds, *reps, *clock, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// compare runs the cases one after the other.
func compare(theirs []string, threads, rounds, reps int, clock string, cases []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range cases {
		c, err := parseCase(name)
		if err != nil {
			return err
		}
		// Processes of their own for each case: memory is that of the case alone.
		sides := []side{{name: "innate", command: []string{self, "-serve", "-threads", fmt.Sprint(threads)}}}
		if theirs != nil {
			sides = append(sides, side{name: "torch", command: theirs})
		}
		if err := measure(sides, c, rounds, reps); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		report(name, sides, clock)
	}
	return nil
}

// testCase is an operation of a network, for that many images at once.
type testCase struct {
	network, op string
	batch       int
}

func parseCase(text string) (c testCase, err error) {
	f := strings.Split(text, ":")
	if len(f) == 3 {
		c.network, c.op = f[0], f[2]
		c.batch, err = strconv.Atoi(f[1])
	}
	if len(f) != 3 || err != nil || c.batch < 1 {
		return c, fmt.Errorf("case %q, want network:batch:operation", text)
	}
	return c, nil
}
