package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"innate/metrics"
	"innate/models/cpu"
	"innate/models/precond"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/sampleio"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

var sampleCommand = command{"sample", "RUN|FILE", "draws images and writes them as one PNG", runSample}

func runSample(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("sample")
	n := countFlag(f, "n", 64, 1, maxDrawn, "`images` to draw")
	seed := f.Uint64("seed", 0, "first `seed`; every image has its own")
	class := countFlag(f, "class", -1, -1, maxImages, "draw this `class` of a class-conditional network alone; default: one a row, rows being filled")
	steps := countFlag(f, "steps", 0, 0, maxSteps, "1, or Heun `steps` of 2 and more; default: what the network is for")
	out := pathFlag(f, "out", "samples.png", "PNG `file` to write; default: samples.png")
	threads := threadsFlag(f)
	now := f.Bool("now", false, "let a running run draw its grid between two steps; takes --seed alone")
	ref, err := parseOne(f, args, wantNetwork)
	if err != nil {
		return err
	}
	if *now {
		return sampleNow(ctx, c, f, *runs, ref, *seed)
	}
	if err := outsideCheckpoints(*out); err != nil {
		return err
	}
	den, k, err := openDenoiser(c, *runs, ref, *steps)
	if err != nil {
		return err
	}
	if classes := den.Net.Config.LabelDim; *class >= classes {
		return usagef("sample --class: got %d, want %s", *class, classesOf(classes))
	}
	dev := cpu.New(*threads)
	defer dev.Close()
	s, err := precond.NewSampler(dev, den, min(*n, 64))
	if err != nil {
		return err
	}
	grid := loop.Arrange(den, *n)
	if *class >= 0 {
		grid = loop.ArrangeClass(*n, *class)
	}
	latents := grid.Latents(den, *seed)
	images := make([]float32, len(latents.Z))
	if err := latents.Generate(s, k, images); err != nil {
		return err
	}
	img, err := grid.Grid(den, images)
	if err != nil {
		return err
	}
	if err := sampleio.WritePNG(*out, img); err != nil {
		return err
	}
	fmt.Fprintln(c.out, *out)
	return nil
}

// classesOf says which classes there are to choose from.
func classesOf(n int) string {
	if n == 0 {
		return "none: the network is not class-conditional"
	}
	return fmt.Sprintf("0 to %d", n-1)
}

// sampleNow makes a running run draw its sample grid, from other noise if --seed
// is given, and prints the file.
func sampleNow(ctx context.Context, c *cli, f *flag.FlagSet, runs, ref string, seed uint64) error {
	var r control.SampleRequest
	var stray []string
	f.Visit(func(set *flag.Flag) {
		switch set.Name {
		case "seed":
			r.Seed = &seed
		case "now", "runs":
		default:
			stray = append(stray, "--"+set.Name)
		}
	})
	if len(stray) > 0 {
		return usagef("sample --now: got %s, want --seed alone: the run's settings say the rest", strings.Join(stray, " "))
	}
	dir, err := find(runs, ref)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	st, err := control.NewClient(dir).Sample(ctx, r)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, filepath.Join(dir, st.SampleFile))
	return nil
}

// wantNetwork says what a network may be named by.
const wantNetwork = "RUN, safetensors FILE or builtin:NAME"

// openDenoiser opens a network and decides on its number of steps: 1 for a
// one-step generator and 18 for a diffusion model, unless steps says otherwise.
func openDenoiser(c *cli, runs, ref string, steps int) (*precond.Denoiser, int, error) {
	file, err := useNetwork(c, runs, ref)
	if err != nil {
		return nil, 0, err
	}
	den, err := loop.OpenDenoiser(file)
	if err != nil {
		return nil, 0, err
	}
	if steps == 0 {
		steps = 1
		if den.Kind == precond.EDM {
			steps = 18
		}
	}
	return den, steps, nil
}

var fidCommand = command{"fid", "RUN|FILE", "FID of a network; fid ref FILE makes reference statistics", runFID}

func runFID(ctx context.Context, c *cli, args []string) error {
	if len(args) > 0 && args[0] == "ref" {
		return runFIDRef(ctx, c, args[1:])
	}
	f, runs := c.runFlags("fid")
	n := countFlag(f, "n", 5000, 2, maxImages, "`images` to generate")
	seed := f.Uint64("seed", 0, "first `seed`")
	steps := countFlag(f, "steps", 0, 0, maxSteps, "1, or Heun `steps`; default: what the network is for")
	feats := pathFlag(f, "features", "builtin:mnist-fid-cnn", "feature `network`: builtin:NAME or a file; default: builtin:mnist-fid-cnn")
	ref := pathFlag(f, "ref", "builtin:mnist-fid-ref", "reference `statistics`: builtin:NAME or an npz file; default: builtin:mnist-fid-ref")
	threads := threadsFlag(f)
	asJSON := f.Bool("json", false, "print JSON")
	network, err := parseOne(f, args, wantNetwork)
	if err != nil {
		return err
	}
	den, k, err := openDenoiser(c, *runs, network, *steps)
	if err != nil {
		return err
	}
	dev := cpu.New(*threads)
	defer dev.Close()
	const batch = 50
	s, err := precond.NewSampler(dev, den, batch)
	if err != nil {
		return err
	}
	latents := loop.NewLatents(den, batch)
	fid, err := loop.OpenFID(dev, *feats, *ref, den.Net.Config.Resolution, metrics.CollectorConfig{
		Source: func(first int, images []float32) error {
			latents.Draw(*seed + uint64(first))
			return errors.Join(latents.Generate(s, k, images), ctx.Err())
		},
		SourceBatch: batch, Values: s.Pixels(), Nimg: *n,
	})
	if err != nil {
		return err
	}
	value, err := fid.Run(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.out, map[string]any{"network": network, "metric": fid.Label(), "value": value,
			"images": *n, "first_seed": *seed, "steps": k, "nfe": max(1, 2*k-1)})
	}
	fmt.Fprintf(c.out, "%s %.3f  (%d images, seeds from %d, %d steps, NFE %d)\n", fid.Label(), value, *n, *seed, k, max(1, 2*k-1))
	return nil
}

// runFIDRef measures the statistics of the training images.
func runFIDRef(ctx context.Context, c *cli, args []string) error {
	f := c.flags("fid ref")
	feats := pathFlag(f, "features", "builtin:mnist-fid-cnn", "feature `network`: builtin:NAME or a file; default: builtin:mnist-fid-cnn")
	threads := threadsFlag(f)
	path, err := parseOne(f, args, "npz FILE to write")
	if err != nil {
		return err
	}
	dev := cpu.New(*threads)
	defer dev.Close()
	stats, err := loop.ReferenceStats(ctx, dev, *feats)
	if err != nil {
		return err
	}
	return metrics.SaveStats(filepath.Clean(path), stats)
}
