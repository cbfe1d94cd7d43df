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

// format decodes one type of image, the first frame of an animation.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// formats are the accepted types, detected by content only. SVG is excluded
// because it may contain scripts.
var formats = map[string]format{
	"image/png":  {png.DecodeConfig, png.Decode},
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode},
	"image/gif":  {gif.DecodeConfig, gif.Decode},
	"image/webp": {webp.DecodeConfig, webp.Decode},
}

const jpegQuality = 88

type encodedImage struct {
	content       []byte
	kind          string
	width, height int
}

// reencode checks the dimensions of an image, decodes it and encodes its
// pixels: a photograph as JPEG, anything else as PNG.
func reencode(content []byte, longest int) (encodedImage, error) {
	kind := http.DetectContentType(content)
	f, known := formats[kind]
	if !known {
		return encodedImage{}, errs.New(errs.Unsupported, "image_type", "Send a PNG, JPEG, GIF or WebP image. The type is detected from the content of the file, not its name.")
	}
	config, err := f.config(bytes.NewReader(content))
	if err != nil {
		return encodedImage{}, damaged(err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return encodedImage{}, errs.New(errs.Invalid, "image_dimensions", "An image has at most %d million pixels; this one has %d x %d.", maxPixels/1_000_000, config.Width, config.Height)
	}
	seen, err := f.decode(bytes.NewReader(content))
	if err != nil {
		return encodedImage{}, damaged(err)
	}
	seen = applyOrientation(scaleDown(seen, longest), orientation(kind, content))
	var out bytes.Buffer
	if kind == "image/jpeg" {
		err = jpeg.Encode(&out, seen, &jpeg.Options{Quality: jpegQuality})
	} else {
		kind = "image/png"
		err = png.Encode(&out, seen)
	}
	return encodedImage{out.Bytes(), kind, seen.Bounds().Dx(), seen.Bounds().Dy()}, err
}

func damaged(err error) error {
	return errs.New(errs.Invalid, "image_damaged", "The image cannot be read: it is damaged or incomplete.").Because(err)
}

// scaleDown scales an image so that no side exceeds longest pixels. It always
// draws, so that the result contains only pixels.
func scaleDown(from image.Image, longest int) *image.NRGBA {
	width, height := from.Bounds().Dx(), from.Bounds().Dy()
	if longer := max(width, height); longer > longest {
		width, height = max(width*longest/longer, 1), max(height*longest/longer, 1)
	}
	to := image.NewNRGBA(image.Rect(0, 0, width, height))
	if width == from.Bounds().Dx() && height == from.Bounds().Dy() {
		draw.Draw(to, to.Bounds(), from, from.Bounds().Min, draw.Src)
		return to
	}
	draw.CatmullRom.Scale(to, to.Bounds(), from, from.Bounds(), draw.Src, nil)
	return to
}
