package media

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/regulars/regulars/internal/errs"
)

// format reads one type of image. Animations give their first picture.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// formats are the types that are taken, by what the bytes say and nothing
// else: SVG is a document with scripts, so it is not among them.
var formats = map[string]format{
	"image/png":  {png.DecodeConfig, png.Decode},
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode},
	"image/gif":  {gif.DecodeConfig, gif.Decode},
	"image/webp": {webp.DecodeConfig, webp.Decode},
}

const jpegQuality = 88

type remade struct {
	content       []byte
	kind          string
	width, height int
}

// remake decodes an image, having looked at its size first, and encodes what
// is to be seen of it: a photograph as JPEG, anything else as PNG.
func remake(content []byte, longest int) (remade, error) {
	kind := http.DetectContentType(content)
	f, known := formats[kind]
	if !known {
		return remade{}, errs.New(errs.Unsupported, "image_type", "Send a PNG, JPEG, GIF or WebP image; what counts is the content of the file, not its name.")
	}
	config, err := f.config(bytes.NewReader(content))
	if err != nil {
		return remade{}, damaged(err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return remade{}, errs.New(errs.Invalid, "image_dimensions", "An image has at most %d million pixels; this one has %d x %d.", maxPixels/1_000_000, config.Width, config.Height)
	}
	seen, err := f.decode(bytes.NewReader(content))
	if err != nil {
		return remade{}, damaged(err)
	}
	seen = upright(smaller(seen, longest), orientation(kind, content))
	var out bytes.Buffer
	if kind == "image/jpeg" {
		err = jpeg.Encode(&out, seen, &jpeg.Options{Quality: jpegQuality})
	} else {
		kind = "image/png"
		err = png.Encode(&out, seen)
	}
	return remade{out.Bytes(), kind, seen.Bounds().Dx(), seen.Bounds().Dy()}, err
}

func damaged(err error) error {
	return errs.New(errs.Invalid, "image_damaged", "The image cannot be read: it is damaged or was cut off.").Because(err)
}

// smaller scales an image down so that no side is longer than longest pixels.
// It always draws, so that the result holds pixels and nothing else.
func smaller(from image.Image, longest int) *image.NRGBA {
	width, height := from.Bounds().Dx(), from.Bounds().Dy()
	if most := max(width, height); most > longest {
		width, height = max(width*longest/most, 1), max(height*longest/most, 1)
	}
	to := image.NewNRGBA(image.Rect(0, 0, width, height))
	if width == from.Bounds().Dx() && height == from.Bounds().Dy() {
		draw.Draw(to, to.Bounds(), from, from.Bounds().Min, draw.Src)
		return to
	}
	draw.CatmullRom.Scale(to, to.Bounds(), from, from.Bounds(), draw.Src, nil)
	return to
}
