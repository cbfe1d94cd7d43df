package ui

import (
	"context"

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
)

// Explain is the message of an error in the language of words.
func Explain(words i18n.Printer, e *errs.Error) string {
	format := e.Sentence.Format
	if e.Kind == errs.NotFound && format != "" && words.Language() != language.English && words.T(format) == format {
		return words.T("Page not found. The address is wrong, or the content was deleted.") // the missing kind of object has only an English name
	}
	return words.Sentence(e.Sentence)
}

// failureMessage is the message of a failure in the reader's language.
func failureMessage(ctx context.Context, message string, err error) string {
	if e := errs.From(err); e != nil && e.Message == message {
		return Explain(PrinterOf(ctx), e)
	}
	return PrinterOf(ctx).T(message)
}

// FieldErrors are the messages of an error by the field they belong to, in the
// reader's language. It returns nil when the error is not about the input.
func FieldErrors(ctx context.Context, err error) map[string]string {
	e := errs.From(err)
	if e == nil || len(e.Fields) == 0 {
		return nil
	}
	wrong := map[string]string{}
	for _, f := range e.Fields {
		if wrong[f.Field] == "" {
			wrong[f.Field] = FieldError(ctx, f)
		}
	}
	return wrong
}

// FieldError returns the message of f in the language of the request.
func FieldError(ctx context.Context, f errs.Field) string {
	if f.Sentence.IsZero() {
		return PrinterOf(ctx).T(f.Message)
	}
	return Translate(ctx, f.Sentence)
}

// Translate returns s in the language of the request.
func Translate(ctx context.Context, s errs.Sentence) string { return PrinterOf(ctx).Sentence(s) }

// Names of the default fields.
var _ = []string{
	i18n.Key("First Name"), i18n.Key("Last Name"), i18n.Key("Username"), i18n.Key("Email"), i18n.Key("Phone"), i18n.Key("Country"),
	i18n.Key("Language"), i18n.Key("Role"), i18n.Key("Tag"),
}

// Other words in errors: built-in columns, types of fields, and states of jobs.
var _ = []string{
	i18n.Key("Id"), i18n.Key("Display Name"), i18n.Key("External id"), i18n.Key("Joined"),
	i18n.Key("single-line-text"), i18n.Key("multi-line-text"), i18n.Key("numerical"), i18n.Key("boolean"), i18n.Key("date"), i18n.Key("select"),
	i18n.Key("multi-select"), i18n.Key("email"), i18n.Key("phone"), i18n.Key("country"), i18n.Key("url"), i18n.Key("language"), i18n.Key("role"), i18n.Key("tag"),
	i18n.Key("queued"), i18n.Key("running"), i18n.Key("completed"), i18n.Key("failed"), i18n.Key("cancelled"), i18n.Key("undone"),
}
