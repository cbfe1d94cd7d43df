package wire

import (
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// IfMatch is the part of an input with the expected version of an object in a header.
type IfMatch struct {
	IfMatch string `header:"If-Match" example:"\"3\"" doc:"The version that was read, in quotes; the same as version in the body."`
}

// Expected returns the version that the caller expects, from the header and the body;
// 0: any. It fails with Invalid "invalid_input" if they differ.
func (h IfMatch) Expected(inBody int64) (int64, error) {
	if h.IfMatch == "" || h.IfMatch == "*" {
		return inBody, nil
	}
	version, err := strconv.ParseInt(strings.Trim(h.IfMatch, `"`), 10, 64)
	if err != nil || version < 1 {
		return 0, errs.InvalidFields([]errs.Field{errs.Wrong("If-Match", "invalid", "If-Match is a version in quotes, such as \"3\".")})
	}
	if inBody != 0 && inBody != version {
		return 0, errs.InvalidFields([]errs.Field{errs.Wrong("version", "invalid", "If-Match and version name two versions. Send one of them.")})
	}
	return version, nil
}
