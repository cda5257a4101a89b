package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"innate/models/filetype"
	"innate/models/published"
	"innate/trainer/data"
	"innate/trainer/data/convert"
	datafiles "innate/trainer/data/files"
	"innate/trainer/results"
	"innate/trainer/sampleio"
	"innate/tui/sixel"
)

// dataFlags say what becomes of the images.
type dataFlags struct {
	to, sheet             *string
	resolution, transform *string
	held, json            *bool
}

func (c *cli) dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "data SRC", Short: "counts and verifies training images; makes EDM's zips",
		Args: oneArg("SRC: a zip, a folder or a file of images"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, thatIsAll
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		Example: examples("data cifar-10-python.tar.gz", "images, classes, sizes, what is broken, a contact sheet",
			"data afhq/train -o afhq-64x64.zip --resolution 64", "as EDM's dataset_tool makes it"),
	}
	f := cmd.Flags()
	s := dataFlags{
		sheet:      pathFlag(f, "sheet", "", "PNG `file` that gets the contact sheet, which a terminal shows anyway"),
		resolution: f.String("resolution", "", "`N` or WxH pixels of the images to make; default: as they are"),
		transform:  f.String("transform", "", "`what` to do before: "+strings.Join(convert.Transforms, " | ")+"; default: stretch"),
		held:       f.Bool("held-out", false, "of CIFAR's or MNIST's files, the test images"),
		json:       jsonFlag(f),
	}
	s.to = f.StringP("out", "o", "", "zip `file` to make")
	complete(cmd, "transform", cobra.FixedCompletions(convert.Transforms, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return dataSet(cmd.Context(), c, args[0], s) }
	return cmd
}

// dataSet makes what is asked for of the images at a path, and says what it holds.
// Where nothing is made, broken images are its error.
func dataSet(ctx context.Context, c *cli, from string, s dataFlags) error {
	path, err := published.Resolve(from)
	if err != nil {
		return err
	}
	t, err := s.wanted(path)
	if err != nil {
		return err
	}
	src, format, err := datafiles.Open(path, *s.held)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if src == nil {
		return fmt.Errorf("data: %s: no images are held out", from)
	}
	defer src.Close()
	var left convert.Report // of images that did not come over
	if *s.to != "" {
		if left, err = convert.Write(ctx, *s.to, src, format, t); err != nil {
			return err
		}
		from = *s.to
		made, kind, err := datafiles.Open(from, false)
		if err != nil {
			return fmt.Errorf("data: %w", err)
		}
		defer made.Close()
		src, format = made, kind
	}
	r, sheet, err := convert.Survey(ctx, src, format, sheetImages)
	if err != nil {
		return err
	}
	broken := len(r.Broken)
	r.Broken, r.LeftOut = append(append([]string{}, left.Broken...), r.Broken...), left.LeftOut
	if err := s.show(c, from, r, sheet); err != nil {
		return err
	}
	if broken > 0 {
		return fmt.Errorf("data: %s: %d of %d images are broken", from, broken, src.Len())
	}
	return nil
}

// wanted reads the flags that say how the images of from are to be.
func (s dataFlags) wanted(from string) (t convert.Transform, err error) {
	t.Name = *s.transform
	if *s.sheet != "" {
		if err := mayWrite(*s.sheet, filetype.PNG, from); err != nil {
			return t, err
		}
	}
	if *s.resolution != "" {
		w, h, two := strings.Cut(*s.resolution, "x")
		t.W, err = strconv.Atoi(w)
		if t.H = t.W; two && err == nil {
			t.H, err = strconv.Atoi(h)
		}
		if err != nil || t.W < 1 || t.H < 1 {
			return t, usagef("data --resolution: got %q, want N or WxH pixels", *s.resolution)
		}
	}
	if *s.to == "" {
		if *s.resolution+*s.transform != "" {
			return t, usagef("data: got --resolution or --transform, want --out FILE.zip, or -o, too")
		}
		return t, nil
	}
	if !strings.HasSuffix(*s.to, ".zip") {
		return t, usagef("data --out: got %q, want a name that ends in .zip", *s.to)
	}
	if err := t.Check(); err != nil {
		return t, usagef("data: %s", strings.TrimPrefix(err.Error(), "convert: "))
	}
	return t, mayWrite(*s.to, filetype.Zip, from)
}

const (
	sheetImages = 64
	shownBroken = 20 // and sizes and classes; --json has all
)

// show prints a report, and the contact sheet to a terminal.
func (s dataFlags) show(c *cli, from string, r convert.Report, sheet convert.Sheet) error {
	var picture image.Image
	if len(sheet.Images) > 0 {
		n, side := len(sheet.Images), sheet.Side
		values := make([]float32, n*side*side*3)
		for i, pix := range sheet.Images {
			data.Levels(values[i*side*side*3:(i+1)*side*side*3], pix)
		}
		var err error
		if picture, err = sampleio.Grid(values, n, side, side, 3, 0); err != nil {
			return err
		}
	}
	if *s.sheet != "" && picture != nil {
		if err := sampleio.WritePNG(*s.sheet, picture); err != nil {
			return err
		}
	}
	if *s.json {
		return printJSON(c.out, r)
	}
	printReport(c, from, r)
	if file, ok := c.out.(*os.File); ok && picture != nil && term.IsTerminal(int(file.Fd())) {
		return showSheet(c, int(file.Fd()), picture, sheet.Side)
	}
	return nil
}

func printReport(c *cli, from string, r convert.Report) {
	labels := "no labels"
	switch {
	case len(r.Classes) > 0:
		labels = fmt.Sprintf("%d classes", r.LabelDim)
	case r.LabelDim > 0:
		labels = fmt.Sprintf("labels of %d numbers", r.LabelDim)
	}
	fmt.Fprintf(c.out, "%s: %s, %d images, %s\n", filepath.Base(from), r.Format, r.Images, labels)
	counts := func(what string, list []convert.Count) {
		var said []string
		for i, k := range list {
			if i == shownBroken {
				said = append(said, fmt.Sprintf("and %d more", len(list)-i))
				break
			}
			said = append(said, fmt.Sprintf("%s: %d", results.Printable(k.Name), k.N))
		}
		if len(said) > 0 {
			fmt.Fprintf(c.out, "%s %s\n", what, strings.Join(said, ", "))
		}
	}
	counts("sizes", r.Sizes)
	counts("classes", r.Classes)
	if r.LeftOut > 0 {
		fmt.Fprintf(c.out, "left out: %d, too small for the transform\n", r.LeftOut)
	}
	for i, b := range r.Broken {
		if i == shownBroken {
			fmt.Fprintf(c.out, "broken: and %d more, which --json names\n", len(r.Broken)-i)
			break
		}
		fmt.Fprintf(c.out, "broken: %s\n", results.Printable(b))
	}
}

// showSheet draws a contact sheet as INNATE_IMAGES says, or with half-blocks, which
// every terminal with colours has: nobody waits here for a terminal's answers.
func showSheet(c *cli, fd int, picture image.Image, side int) error {
	width, height, err := term.GetSize(fd)
	if err != nil {
		return nil // a terminal that does not say how large it is
	}
	mode := sixel.Blocks
	if name := c.getenv("INNATE_IMAGES"); name != "" {
		if mode, err = sixel.ParseMode(name); err != nil {
			return err
		}
	}
	switch mode {
	case sixel.Off:
		return nil
	case sixel.Sixel:
		text, err := sixel.Encode(picture, 256)
		if err == nil {
			fmt.Fprintln(c.out, text)
		}
		return err
	}
	if small := sixel.Fit(picture, side, width-1, max(height-6, 8)*2); small != nil {
		fmt.Fprintln(c.out, strings.Join(sixel.HalfBlocks(small), "\n"))
	}
	return nil
}
