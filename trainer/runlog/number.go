package runlog

import "strconv"

// scanNumber reads the number of JSON that b starts with. ok is false if there is
// none, or if a float64 cannot hold it.
func scanNumber(b []byte) (v float64, rest []byte, ok bool) {
	i, negative := 0, false
	if i < len(b) && b[i] == '-' {
		negative = true
		i++
	}
	first := i
	var mantissa uint64 // of the digits so far, as long as there are 19 at most
	for i < len(b) && b[i]-'0' <= 9 {
		mantissa = mantissa*10 + uint64(b[i]-'0')
		i++
	}
	digits, exponent := i-first, 0
	if digits == 0 || digits > 1 && b[first] == '0' { // no digit may follow a leading zero
		return 0, b, false
	}
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		for i < len(b) && b[i]-'0' <= 9 {
			mantissa = mantissa*10 + uint64(b[i]-'0')
			i++
		}
		if exponent = point - i; exponent == 0 {
			return 0, b, false
		}
		digits -= exponent
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		below := false
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			below = b[i] == '-'
			i++
		}
		from, e := i, 0
		for i < len(b) && b[i]-'0' <= 9 {
			if e = e*10 + int(b[i]-'0'); e > 9999 {
				e = 9999 // beyond any float64, but digits continue
			}
			i++
		}
		if i == from {
			return 0, b, false
		}
		if below {
			e = -e
		}
		exponent += e
	}
	// Both are exact below 2⁵³ and 10²³, so one division or product rounds once.
	if digits <= 19 && mantissa < 1<<53 && -len(powers) < exponent && exponent < len(powers) {
		v = float64(mantissa)
		if exponent < 0 {
			v /= powers[-exponent]
		} else {
			v *= powers[exponent]
		}
		if negative {
			v = -v
		}
		return v, b[i:], true
	}
	v, err := strconv.ParseFloat(string(b[:i]), 64)
	return v, b[i:], err == nil
}

// powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}
