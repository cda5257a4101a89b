package configs

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rule is what the words of a tag "want" say, as far as they follow one of
// these forms; other words stay for validate.go to check.
//
//	in (0, 1]                   a number in an interval
//	0, or in [0.001, 10]        the same, or zero
//	ns | hinge                  one of several names
//	1 to 8 integers in [1, 16]  a list: its length, and an interval for its items
type rule struct {
	within         interval
	orZero         bool
	minLen, maxLen int // of a list
	names          []string
}

// interval is a range of numbers, empty when zero.
type interval struct {
	lo, hi         float64
	openLo, openHi bool // the end itself is excluded
}

func (i interval) has(x float64) bool {
	return (x > i.lo || x == i.lo && !i.openLo) && (x < i.hi || x == i.hi && !i.openHi)
}

var (
	intervalWords = regexp.MustCompile(`^in ([\[(])(\S+), (\S+)([\])])$`)
	listWords     = regexp.MustCompile(`^(\d+) to (\d+) (?:integers|numbers) (in .*)$`)
	nameWords     = regexp.MustCompile(`^[a-z0-9+-]+( \| [a-z0-9+-]+)*$`)
)

func parseRule(want string) rule {
	var r rule
	if m := listWords.FindStringSubmatch(want); m != nil {
		r.minLen, r.maxLen = int(number(m[1])), int(number(m[2]))
		want = m[3]
	}
	want, r.orZero = strings.CutPrefix(want, "0, or ")
	if m := intervalWords.FindStringSubmatch(want); m != nil {
		r.within = interval{number(m[2]), number(m[3]), m[1] == "(", m[4] == ")"}
	} else if nameWords.MatchString(want) {
		r.names = strings.Split(want, " | ")
	}
	return r
}

// number reads a number of a tag, which only a typing error makes unreadable.
func number(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(fmt.Sprintf("configs: tag want: %v", err))
	}
	return x
}

// ok reports whether the value v is one that the rule allows; a rule without
// content allows everything.
func (r rule) ok(v any) bool {
	switch v := v.(type) {
	case []int:
		if r.maxLen == 0 {
			return true
		}
		outside := func(n int) bool { return !r.within.has(float64(n)) }
		return r.minLen <= len(v) && len(v) <= r.maxLen && !slices.ContainsFunc(v, outside)
	case []float64:
		outside := func(x float64) bool { return !r.within.has(x) }
		return r.minLen <= len(v) && len(v) <= r.maxLen && !slices.ContainsFunc(v, outside)
	case int:
		return r.number(float64(v))
	case int64:
		return r.number(float64(v))
	case float64:
		return r.number(v)
	}
	return true
}

// ok is rule.ok, where names are those that are known now.
func (f field) ok(v any) bool {
	if name, ok := v.(string); ok {
		names := f.names()
		return names == nil || slices.Contains(names, name)
	}
	return f.rule.ok(v)
}

func (r rule) number(x float64) bool {
	return r.within == interval{} || r.within.has(x) || r.orZero && x == 0
}

// choices lists the values of a setting that has few: names, or true and false.
func (f field) choices() []string {
	if f.kind == reflect.TypeFor[bool]() {
		return []string{"true", "false"}
	}
	return f.names()
}
