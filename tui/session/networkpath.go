package session

import (
	"strconv"
	"strings"

	"innate/trainer/run"
)

// pathOf returns the steps from the top of the tree to the unit of a tensor.
func pathOf(l *run.Layer) []branch {
	t := newTensor(*l)
	unit, part := t.Unit, l.Part
	steps := strings.SplitN(unit, ".", 3)
	if len(steps) > 1 {
		part, steps = steps[0], steps[1:]
	} else if strings.HasPrefix(unit, "map_") {
		part = "map"
	}
	if part == "" {
		return []branch{{level: LevelUnit, key: unit, name: unit}}
	}
	path := []branch{{level: LevelPart, key: part, name: partName(part)}}
	pixels, rest := cutResolution(steps[0])
	if pixels == "" && l.Resolution > 0 {
		side := strconv.Itoa(l.Resolution)
		pixels = side + "x" + side
	}
	if pixels != "" {
		path = append(path, branch{level: LevelResolution, key: part + "." + pixels, name: pixels})
	}
	if len(steps) == 2 {
		path = append(path,
			branch{level: LevelBlock, key: part + "." + steps[0], name: rest},
			branch{level: LevelUnit, key: unit, name: steps[1]})
		return path
	}
	return append(path, branch{level: LevelUnit, key: unit, name: strings.TrimPrefix(rest, part+"_")})
}

func partName(part string) string {
	switch part {
	case "enc":
		return "encoder"
	case "dec":
		return "decoder"
	case "map":
		return "embedding"
	}
	return part
}

// cutResolution splits 28x28_block0 into 28x28 and block0; what has no
// resolution is all rest.
func cutResolution(s string) (pixels, rest string) {
	pixels, rest, ok := strings.Cut(s, "_")
	x, y, times := strings.Cut(pixels, "x")
	if _, err := strconv.ParseUint(x+y, 10, 32); !ok || !times || x == "" || y == "" || rest == "" || err != nil {
		return "", s
	}
	return pixels, rest
}

// Side is the height in pixels of a resolution node.
func (n *Node) Side() int {
	x, _, _ := strings.Cut(n.Name, "x")
	v, _ := strconv.Atoi(x)
	return v
}

// safe makes a name from a file fit to stand in columns, one cell a rune:
// parameters are named in ASCII.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
}
