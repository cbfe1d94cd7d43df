package field

import (
	"regexp/syntax"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// callingCode are the rules for numbers of one country code. They recognise
// numbers that the parser of phone numbers, which is fifty times slower, would
// read in the same way.
type callingCode struct {
	code    string
	lengths uint32 // bit n: a number of n digits after the country code is possible
	prefix  uint16 // bit n: a national prefix may start with the digit n
	zero    bool   // the national prefix is 0, and no number starts with 0
	abroad  bool   // calls abroad start with 00
	other   uint16 // bit n: a call abroad, or the country code, may start with the digit n
}

// callingRules are the rules by country code and by country.
type callingRules struct {
	codes   [1_000]callingCode // zero value: unknown
	regions map[string]callingCode
}

var callingCodes = sync.OnceValue(func() *callingRules {
	rules := &callingRules{regions: map[string]callingCode{}}
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return rules // every number goes to the parser
	}
	for _, region := range all.GetMetadata() {
		code := int(region.GetCountryCode())
		c := callingCode{code: strconv.Itoa(code), prefix: firstDigits(region.GetNationalPrefixForParsing())}
		for _, n := range region.GetGeneralDesc().GetPossibleLength() {
			c.lengths |= 1 << n
		}
		c.zero = onlyZero(region.GetNationalPrefixForParsing()) && firstDigits(region.GetGeneralDesc().GetNationalNumberPattern())&1 == 0
		c.abroad = region.GetInternationalPrefix() == "00"
		c.other = firstDigits(region.GetInternationalPrefix()) | 1<<(c.code[0]-'0')
		id := region.GetId()
		if id != "001" {
			rules.regions[id] = c
		}
		if id == "001" || id == phonenumbers.GetRegionCodeForCountryCode(code) {
			rules.codes[code] = c // the main country of the code decides
		}
	}
	for id, c := range rules.regions {
		if code, err := strconv.Atoi(c.code); err == nil {
			c.lengths &= rules.codes[code].lengths
			rules.regions[id] = c
		}
	}
	return rules
})

// plainPhone returns the number of a text in a usual notation, of a possible
// length, as E.164; ok is false for any other text.
func plainPhone(text, country string) (number string, ok bool) {
	if len(text) < 6 || len(text) > 32 {
		return "", false
	}
	var room [32]byte
	digits, trunk := room[:0], 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			if c == '0' && text[0] == '+' && len(digits) > 0 && text[i-1] == '(' && text[i+1:] != "" && text[i+1] == ')' && trunk == 0 {
				trunk = len(digits)
				continue
			}
			digits = append(digits, c)
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '+' && i == 0:
		default:
			return "", false
		}
	}
	switch {
	case len(digits) < 3:
		return "", false
	case text[0] == '+':
		number, ok = plainInternational(digits, trunk)
		if number == text[1:] {
			return text, ok
		}
		return "+" + number, ok
	case digits[0] == '0' && trunk == 0:
		c := callingCodes().regions[country]
		if ok = c.zero && c.abroad && c.fits(digits[1:]); ok {
			number = "+" + c.code + string(digits[1:])
		}
		return number, ok
	case trunk == 0:
		c := callingCodes().regions[country]
		if ok = c.fits(digits) && c.other&(1<<(digits[0]-'0')) == 0; ok {
			number = "+" + c.code + string(digits)
		}
		return number, ok
	}
	return "", false
}

// plainInternational returns the digits of a number with a country code, and a
// national prefix behind trunk digits; 0: none.
func plainInternational(digits []byte, trunk int) (string, bool) {
	codes, code := &callingCodes().codes, 0
	for n := 1; n <= 3 && n < len(digits); n++ {
		code = 10*code + int(digits[n-1]-'0')
		if code == 0 {
			return "", false
		}
		if c := &codes[code]; c.lengths != 0 {
			if trunk == 0 && digits[n] == '0' {
				return c.withoutZero(digits[:n], digits[n:])
			}
			return string(digits), c.fits(digits[n:]) && (trunk == 0 || trunk == n && c.zero)
		}
	}
	return "", false
}

// onlyZero reports whether 0 is the only prefix of a pattern that starts with 0.
func onlyZero(prefixes string) bool {
	zeros := 0
	for prefix := range strings.SplitSeq(prefixes, "|") {
		if strings.HasPrefix(prefix, "0") {
			zeros += len(prefix)
		}
	}
	return zeros == 1 && !strings.ContainsAny(prefixes, `()[]?\\`)
}

// fits reports whether a number without country code and prefix is possible and
// cannot start with a prefix.
func (c *callingCode) fits(national []byte) bool {
	first := national[0] - '0'
	return c.lengths&(1<<len(national)) != 0 && first != 0 && c.prefix&(1<<first) == 0
}

// withoutZero returns the digits of a number whose national part starts with 0: the
// parser removes it, unless the rest has no possible length.
func (c *callingCode) withoutZero(code, national []byte) (string, bool) {
	possible := func(n int) bool { return c.lengths&(1<<n) != 0 }
	switch {
	case !c.zero:
		return "", false
	case possible(len(national) - 1):
		return string(code) + string(national[1:]), true
	default:
		return string(code) + string(national), possible(len(national))
	}
}

// firstDigits are the digits with which a text that a pattern matches can start,
// as bits.
func firstDigits(pattern string) (set uint16) {
	if pattern == "" {
		return 0
	}
	const all = 1<<10 - 1
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return all
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return all
	}
	seen := map[uint32]bool{}
	next := []uint32{uint32(program.Start)} //nolint:gosec // an index of a short program
	for len(next) > 0 {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		in := &program.Inst[at]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			next = append(next, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
			next = append(next, in.Out)
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			for d := range 10 {
				if in.MatchRune(rune('0' + d)) {
					set |= 1 << d
				}
			}
		case syntax.InstMatch, syntax.InstFail:
		}
	}
	return set
}
