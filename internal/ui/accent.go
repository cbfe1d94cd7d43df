package ui

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// The lightest and darkest grounds that the accent has to be read on; see
// web/src/tokens.css.
var (
	lightGround = colour{0xf4, 0xf4, 0xf6}
	darkGround  = colour{0x21, 0x21, 0x27}
	black       = colour{0x0b, 0x0b, 0x10}
	white       = colour{0xff, 0xff, 0xff}
)

// readable is the contrast of normal text in WCAG 2, level AA.
const readable = 4.5

type colour [3]uint8

var hexColour = regexp.MustCompile(`^#?([0-9a-fA-F]{6})$`)

func parseColour(s string) (colour, bool) {
	m := hexColour.FindStringSubmatch(s)
	if m == nil {
		return colour{}, false
	}
	n, err := strconv.ParseUint(m[1], 16, 32)
	if err != nil {
		return colour{}, false
	}
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

func (c colour) luminance() float64 {
	weights := [3]float64{0.2126, 0.7152, 0.0722}
	var sum float64
	for i, part := range c {
		v := float64(part) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weights[i] * v
	}
	return sum
}

func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

func (c colour) towards(goal colour, share float64) colour {
	var out colour
	for i := range c {
		out[i] = uint8(math.Round(float64(c[i]) + (float64(goal[i])-float64(c[i]))*share))
	}
	return out
}

// readableOn moves c towards goal until it can be read on ground.
func (c colour) readableOn(ground, goal colour) colour {
	for share := 0.0; share < 1; share += 0.02 {
		if moved := c.towards(goal, share); contrast(moved, ground) >= readable {
			return moved
		}
	}
	return goal
}

// accentSheet is the style sheet of a community's colour: the colour itself
// where it can be read, else the nearest shade that can, for both themes, and
// what to write on it.
func accentSheet(c colour) string {
	light, dark := c.readableOn(lightGround, black), c.readableOn(darkGround, white)
	return fmt.Sprintf(":root{--accent:light-dark(%s,%s);--on-accent:light-dark(%s,%s)}\n", light, dark, readableText(light), readableText(dark))
}

func readableText(ground colour) colour {
	if contrast(white, ground) >= contrast(black, ground) {
		return white
	}
	return black
}

// accentPath is the address of the style sheet of a colour; "" without a colour,
// so that the default applies.
func accentPath(hex string) string {
	c, ok := parseColour(hex)
	if !ok {
		return ""
	}
	return "/accent/" + c.String()[1:] + ".css"
}

// serveAccent serves /accent/{hex}.css, which depends on the address only.
func serveAccent(w http.ResponseWriter, r *http.Request) {
	c, ok := parseColour(strings.TrimSuffix(r.PathValue("file"), ".css"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write([]byte(accentSheet(c))) // the reader has gone
}
