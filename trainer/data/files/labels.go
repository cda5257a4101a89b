package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Labels are what is known of a collection's images: classes, or vectors of numbers as
// they are, or nothing.
type Labels struct {
	Classes []int       // of each image, from 0; nil for none
	Vectors [][]float32 // of each image, instead of classes
	Dim     int         // how many classes there are, or numbers in a vector
	Names   []string    // of the classes, where they have some
}

// What labels may be.
const (
	maxLabelFile = 256 << 20 // bytes of dataset.json
	maxClasses   = 1 << 16   // or numbers in a vector
)

// LabelFile is EDM's file of labels, at the root of a zip or a folder.
const LabelFile = "dataset.json"

// label is what dataset.json says of one image.
type label struct {
	class  int
	vector []float32 // instead of a class
}

// readLabels reads dataset.json: {"labels": [["00000/img00000000.png", 6], …]}, where
// a label is a class or a list of numbers, or {"labels": null}, for which the map is
// nil. Names that it gives twice, keys or images, are refused.
func readLabels(b []byte) (map[string]label, error) {
	fail := func(err error) (map[string]label, error) { return nil, fmt.Errorf("%s: %w", LabelFile, err) }
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff")))) // some programs begin a text so
	if err := delim(d, '{'); err != nil {
		return fail(err)
	}
	var labels map[string]label
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return fail(err)
		}
		key := t.(string) // of an object there are no others
		if seen[key] {
			return fail(fmt.Errorf("key %.60q appears twice", key))
		}
		seen[key] = true
		if key != "labels" {
			var other json.RawMessage
			if err := d.Decode(&other); err != nil {
				return fail(err)
			}
			continue
		}
		if labels, err = readPairs(d); err != nil {
			return fail(err)
		}
	}
	if _, err := d.Token(); err != nil {
		return fail(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fail(errors.New("more than one value"))
	}
	return labels, nil
}

func delim(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("got %.60q, want %q", fmt.Sprint(t), want)
	}
	return nil
}

// readPairs reads the list of names and labels, or null.
func readPairs(d *json.Decoder) (map[string]label, error) {
	t, err := d.Token()
	if err != nil || t == nil {
		return nil, err
	}
	if t != json.Delim('[') {
		return nil, fmt.Errorf("labels: got %.60q, want a list or null", fmt.Sprint(t))
	}
	labels := map[string]label{}
	for d.More() {
		var pair []json.RawMessage
		if err := d.Decode(&pair); err != nil {
			return nil, fmt.Errorf("labels: %w", err)
		}
		var name string
		if len(pair) != 2 || json.Unmarshal(pair[0], &name) != nil {
			return nil, fmt.Errorf("labels: item %d, want a name and a label", len(labels))
		}
		l, err := readLabel(pair[1])
		if err != nil {
			return nil, fmt.Errorf("labels: %.60q: %w", name, err)
		}
		name = slashed(name)
		if _, twice := labels[name]; twice {
			return nil, fmt.Errorf("labels: %.60q appears twice", name)
		}
		labels[name] = l
	}
	_, err = d.Token()
	return labels, err
}

// slashed is a name as Windows may write it as others do.
func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

// readLabel reads a class, which some programs write as 6.0, or a list of numbers.
func readLabel(b []byte) (label, error) {
	var class float64
	if json.Unmarshal(b, &class) == nil && string(b) != "null" {
		if class < 0 || class >= maxClasses || class != math.Trunc(class) {
			return label{}, fmt.Errorf("class %.60s, want 0 to %d", b, maxClasses-1)
		}
		return label{class: int(class)}, nil
	}
	var vector []float64
	if err := json.Unmarshal(b, &vector); err != nil || len(vector) < 1 || len(vector) > maxClasses {
		return label{}, fmt.Errorf("label %.60q, want a class or a list of numbers", b)
	}
	l := label{vector: make([]float32, len(vector))}
	for i, v := range vector {
		if l.vector[i] = float32(v); math.IsInf(float64(l.vector[i]), 0) {
			return label{}, fmt.Errorf("label %g, want a number that a float32 can have", v)
		}
	}
	return l, nil
}

// labelsOf gives members, in their order, the labels of dataset.json; without one,
// those of the folders that they lie in.
func labelsOf(members []string, file []byte) (Labels, error) {
	if file == nil {
		return fromFolders(members), nil
	}
	byName, err := readLabels(file)
	if err != nil || byName == nil {
		return Labels{}, err
	}
	if len(byName) > len(members) {
		for _, m := range members {
			delete(byName, slashed(m))
		}
		for name := range byName {
			return Labels{}, fmt.Errorf("%s: labels: %.100q is no image here", LabelFile, name)
		}
	}
	var l Labels
	for i, m := range members {
		one, ok := byName[slashed(m)]
		if !ok {
			return Labels{}, fmt.Errorf("%s: labels: no label of %.100q, want one for each of %d images", LabelFile, m, len(members))
		}
		switch {
		case one.vector == nil && l.Vectors == nil:
			l.Classes = append(l.Classes, one.class)
			l.Dim = max(l.Dim, one.class+1)
		case one.vector != nil && l.Classes == nil && (i == 0 || len(one.vector) == l.Dim):
			l.Vectors, l.Dim = append(l.Vectors, one.vector), len(one.vector)
		default:
			return Labels{}, fmt.Errorf("%s: labels: %.100q: a label of another kind or length than those before", LabelFile, m)
		}
	}
	return l, nil
}

// edmName is how EDM names images, in folders that are no classes.
var edmName = regexp.MustCompile(`^\d{5}/img\d{8}\.`)

// fromFolders makes a class of every folder at the top, in the order of their names, if
// there are several.
func fromFolders(members []string) Labels {
	tops := make([]string, len(members))
	for i, m := range members {
		if edmName.MatchString(m) {
			return Labels{}
		}
		if top, _, inside := strings.Cut(m, "/"); inside {
			tops[i] = top
		} // what lies beside the folders is the first class, as with EDM
	}
	names := slices.Clone(tops)
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) < 2 || len(names) > maxClasses {
		return Labels{}
	}
	l := Labels{Classes: make([]int, len(members)), Dim: len(names), Names: names}
	for i, top := range tops {
		l.Classes[i], _ = slices.BinarySearch(names, top)
	}
	if names[0] == "" {
		names[0] = "."
	}
	return l
}
