package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"innate/models/device/devices"
	"innate/models/filetype"
	"innate/models/precond"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/sampleio"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sampleFlags say what to draw.
type sampleFlags struct {
	drawFlags
	*solverFlags
	class               *int
	latents, labels, to *string
	now                 *bool
}

func (c *cli) sampleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sample RUN|FILE", Short: "draws images and writes them as one PNG, or as an array",
		Args: oneArg(wantNetwork), ValidArgsFunction: c.completeNetwork,
		Example: examples("sample 3 --n 16 --out grid.png", "of the newest checkpoint's averaged weights",
			"sample 3 --latents z.npy --out x.npy", "of given noise, in PyTorch's order of axes",
			"sample 3 --now", "the grid of a running run, at once"),
	}
	f := cmd.Flags()
	s := sampleFlags{
		drawFlags:   newDrawFlags(cmd, countFlag(f, "n", 64, 1, maxDrawn, "`images` to draw")),
		solverFlags: newSolverFlags(cmd),
		class:       countFlag(f, "class", -1, -1, maxImages, "draw this `class` of a class-conditional network alone; default: one a row, rows being filled"),
		latents:     pathFlag(f, "latents", "", "npy `file` of unit noise to draw from, [N C H W]; default: noise of --seed"),
		labels:      pathFlag(f, "labels", "", "npy `file` of their classes, [N]"),
		to:          pathFlag(f, "out", "samples.png", "PNG `file` to write, or NAME.npy: an array [N C H W], as the network gives it; default: samples.png"),
		now:         f.Bool("now", false, "let a running run draw its grid between two steps; takes --seed alone"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *s.now {
			return sampleNow(cmd, c, args[0], *s.seed)
		}
		return sample(c, args[0], s)
	}
	return cmd
}

// sample draws with the network that ref names.
func sample(c *cli, ref string, s sampleFlags) error {
	kind := filetype.PNG
	if filepath.Ext(*s.to) == ".npy" {
		kind = filetype.NPY
	}
	if err := mayWrite(*s.to, kind, *s.latents); err != nil {
		return err
	}
	den, k, err := openDenoiser(c, c.runs, ref, *s.steps)
	if err != nil {
		return err
	}
	if classes := den.Net.Shape().LabelDim; *s.class >= classes {
		return usagef("sample --class: got %d, want %s", *s.class, classesOf(classes))
	}
	dev, err := devices.Open(*s.device, devices.Options{Threads: *s.threads})
	if err != nil {
		return err
	}
	defer dev.Close()
	latents, grid, err := s.draw(den)
	if err != nil {
		return err
	}
	sampler, err := precond.NewSampler(dev, den, min(grid.N, 64))
	if err != nil {
		return err
	}
	images := make([]float32, len(latents.Z))
	if err := s.generate(sampler, latents, *s.seed, k, images); err != nil {
		return err
	}
	if err := s.write(den, grid, images); err != nil {
		return err
	}
	fmt.Fprintln(c.out, *s.to)
	return nil
}

// draw draws what the images are made from, or reads it.
func (s *sampleFlags) draw(den *precond.Denoiser) (*loop.Latents, loop.Arrangement, error) {
	classes := den.Net.Shape().LabelDim
	if *s.labels != "" && (*s.latents == "" || classes == 0 || *s.class >= 0) {
		return nil, loop.Arrangement{}, usagef("sample --labels: want --latents, a class-conditional network, and no --class")
	}
	if *s.latents == "" {
		grid := loop.Arrange(den, *s.n)
		if *s.class >= 0 {
			grid = loop.ArrangeClass(*s.n, *s.class)
		}
		return grid.Latents(den, *s.seed), grid, nil
	}
	z, err := sampleio.ReadArray(*s.latents, den.Net.Shape().Image())
	if err != nil {
		return nil, loop.Arrangement{}, err
	}
	n := len(z) / den.Net.Shape().Image().Size()
	cols, _ := sampleio.Shape(n)
	grid := loop.Arrangement{N: n, Cols: cols}
	if *s.class >= 0 {
		grid = loop.ArrangeClass(n, *s.class)
	}
	latents := grid.Latents(den, *s.seed)
	latents.Z = z
	if *s.labels != "" {
		if latents.Labels, err = sampleio.ReadLabels(*s.labels, classes); err == nil && len(latents.Labels) != n*classes {
			err = fmt.Errorf("%s: %d labels, want one for each of %d images", *s.labels, len(latents.Labels)/classes, n)
		}
	}
	return latents, grid, err
}

// write writes the images as the name of the file says.
func (s *sampleFlags) write(den *precond.Denoiser, grid loop.Arrangement, images []float32) error {
	if filepath.Ext(*s.to) == ".npy" {
		return sampleio.WriteArray(*s.to, images, den.Net.Shape().Image())
	}
	img, err := grid.Grid(den, images)
	if err != nil {
		return err
	}
	return sampleio.WritePNG(*s.to, img)
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
func sampleNow(cmd *cobra.Command, c *cli, ref string, seed uint64) error {
	var r control.SampleRequest
	var stray []string
	cmd.Flags().Visit(func(set *pflag.Flag) {
		switch set.Name {
		case "seed":
			r.Seed = &seed
		case "now", "runs", "cpuprofile":
		default:
			stray = append(stray, "--"+set.Name)
		}
	})
	if len(stray) > 0 {
		return usagef("sample --now: got %s, want --seed alone: the run's settings say the rest", strings.Join(stray, " "))
	}
	dir, err := find(c.runs, ref)
	if err != nil {
		return err
	}
	ctx, cancel := waiting(cmd.Context(), commandTimeout)
	defer cancel()
	st, err := control.NewClient(dir).Sample(ctx, r)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, filepath.Join(dir, st.SampleFile))
	return nil
}
