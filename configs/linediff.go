package configs

import "strings"

const (
	diffContext = 2       // equal lines shown around a change
	maxDiffCost = 1 << 22 // line pairs to compare; beyond, all that differs is one change
)

// DiffLine is one line of a difference between two texts.
type DiffLine struct {
	Op       byte // ' ' in both, '-' in the old text only, '+' in the new one only
	Old, New int  // line numbers from 1; 0 where the line is not in that text
	Text     string
}

// LineDiff compares two texts by lines and returns the changed ones, each with
// some lines around it; numbers that jump mean lines left out. Equal texts give
// nothing.
func LineDiff(old, new string) []DiffLine {
	a, b := splitLines(old), splitLines(new)
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var all []DiffLine
	for i := range head {
		all = append(all, DiffLine{' ', i + 1, i + 1, a[i]})
	}
	all = append(all, middle(a[head:len(a)-tail], b[head:len(b)-tail], head)...)
	for i := range tail {
		i, j := len(a)-tail+i, len(b)-tail+i
		all = append(all, DiffLine{' ', i + 1, j + 1, a[i]})
	}
	return nearChanges(all)
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	return lines
}

// middle compares what stands between the common beginning, first lines long,
// and the common end, by their longest common subsequence.
func middle(a, b []string, first int) []DiffLine {
	// common[i][j] is the number of lines that a[i:] and b[j:] have in common.
	common := make([][]int32, len(a)+1)
	if len(a)*len(b) <= maxDiffCost {
		for i := range common {
			common[i] = make([]int32, len(b)+1)
		}
		for i := len(a) - 1; i >= 0; i-- {
			for j := len(b) - 1; j >= 0; j-- {
				if a[i] == b[j] {
					common[i][j] = common[i+1][j+1] + 1
				} else {
					common[i][j] = max(common[i+1][j], common[i][j+1])
				}
			}
		}
	}
	var lines []DiffLine
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && common[i] != nil && a[i] == b[j]:
			lines = append(lines, DiffLine{' ', first + i + 1, first + j + 1, a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i] == nil || common[i+1][j] >= common[i][j+1]):
			lines = append(lines, DiffLine{'-', first + i + 1, 0, a[i]})
			i++
		default:
			lines = append(lines, DiffLine{'+', 0, first + j + 1, b[j]})
			j++
		}
	}
	return lines
}

// nearChanges keeps the changed lines and diffContext lines around each.
func nearChanges(all []DiffLine) []DiffLine {
	keep := make([]bool, len(all))
	for i, l := range all {
		if l.Op != ' ' {
			for k := max(0, i-diffContext); k <= min(len(all)-1, i+diffContext); k++ {
				keep[k] = true
			}
		}
	}
	var near []DiffLine
	for i, l := range all {
		if keep[i] {
			near = append(near, l)
		}
	}
	return near
}
