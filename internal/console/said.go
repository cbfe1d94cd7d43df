package console

import (
	"context"
	"time"

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
)

// explained is the message of an error in the language of words.
func explained(words i18n.Printer, e *errs.Error) string {
	format := e.Sentence.Format
	if e.Kind == errs.NotFound && format != "" && words.Language() != language.English && words.T(format) == format {
		return words.T("The address is wrong, or what stood here is gone.") // what is not there has only an English name
	}
	return say(words, e.Sentence, e.Message)
}

// told is the message of a failure in the reader's language.
func told(ctx context.Context, message string, err error) string {
	if e := errs.From(err); e != nil && e.Message == message {
		return explained(wordsOf(ctx), e)
	}
	return retell(ctx, message)
}

// wrongFields are the messages of an error by the field they belong to, in the
// reader's language. It returns nil when the error is not about the input.
func wrongFields(ctx context.Context, err error) map[string]string {
	e := errs.From(err)
	if e == nil || len(e.Fields) == 0 {
		return nil
	}
	wrong := map[string]string{}
	for _, f := range e.Fields {
		if wrong[f.Field] == "" {
			wrong[f.Field] = sayField(ctx, f)
		}
	}
	return wrong
}

func sayField(ctx context.Context, f errs.Field) string {
	return say(wordsOf(ctx), f.Sentence, f.Message)
}

// say translates s; a constant message has only English.
func say(words i18n.Printer, s errs.Sentence, message string) string {
	if s.Format == "" || s.Format == "%s" {
		return words.Retell(message)
	}
	args := make([]any, len(s.Args))
	for i, arg := range s.Args {
		switch arg := arg.(type) {
		case errs.Word:
			args[i] = words.T(string(arg))
		case errs.Sentence:
			args[i] = say(words, arg, arg.English)
		case time.Duration:
			args[i] = words.Span(arg)
		default:
			args[i] = arg
		}
	}
	return words.T(s.Format, args...)
}

// retell says a message that is kept in English in the language of the reader.
func retell(ctx context.Context, message string) string {
	return wordsOf(ctx).Retell(message, defaultNames...)
}

// defaultNames are the names of the default fields. No other field has one of
// them, so they are known in a message that was kept.
var defaultNames = []string{
	i18n.Key("First Name"), i18n.Key("Last Name"), i18n.Key("Username"), i18n.Key("Email"), i18n.Key("Phone"), i18n.Key("Country"),
	i18n.Key("Language"), i18n.Key("Role"), i18n.Key("Tag"),
}

// The other words that errors put into their sentences: what can be asked for
// beside the fields, types of fields, and what becomes of a job.
var _ = []string{
	i18n.Key("Id"), i18n.Key("Display Name"), i18n.Key("External id"), i18n.Key("Joined"),
	i18n.Key("single-line-text"), i18n.Key("multi-line-text"), i18n.Key("numerical"), i18n.Key("boolean"), i18n.Key("date"), i18n.Key("select"),
	i18n.Key("multi-select"), i18n.Key("email"), i18n.Key("phone"), i18n.Key("country"), i18n.Key("url"), i18n.Key("language"), i18n.Key("role"), i18n.Key("tag"),
	i18n.Key("queued"), i18n.Key("running"), i18n.Key("completed"), i18n.Key("failed"), i18n.Key("cancelled"), i18n.Key("undone"),
}
