package account_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/account"
)

func TestAnEmailIsTrimmedComposedAndComparedInLowerCase(t *testing.T) {
	for _, c := range [][3]string{
		{"ann@example.com", "ann@example.com", "ann@example.com"},
		{" \tAnn@Example.COM\u00a0", "Ann@Example.COM", "ann@example.com"},
		{"Jose\u0301@Example.com", "Jos\u00e9@Example.com", "jos\u00e9@example.com"},
		{"\u00c9COLE@example.com", "\u00c9COLE@example.com", "\u00e9cole@example.com"},
		{"o'neil+tag_1@mail.b\u00fccher.de", "o'neil+tag_1@mail.b\u00fccher.de", "o'neil+tag_1@mail.xn--bcher-kva.de"},
		{"\u200bann@stra\u00dfe.example\ufeff", "ann@stra\u00dfe.example", "ann@xn--strae-oqa.example"},
	} {
		display, key, problem := account.CheckEmail(c[0])
		if display != c[1] || key != c[2] || problem != "" || account.EmailKey(c[0]) != key {
			t.Errorf("%q: %q %q %q", c[0], display, key, problem)
		}
	}
}

func TestWhatIsNoEmailIsRefused(t *testing.T) {
	for _, email := range []string{
		"", "  ", "ann", "ann@", "@example.com", "ann@example", "ann@@example.com", "a@b@example.com", "ann @example.com",
		"ann@exam ple.com", "ann@.com", "ann@example.", "ann@example..com", "ann@-example.com", "ann@example-.com",
		"ann\x00@example.com", "ann@exa\nmple.com", "an\xffn@example.com", "Ann <ann@example.com>", "ann@example.com;bob@example.com",
		"ann@example.com,", "ann@exa_mple.com", "ann\u200b@example.com", "ann@" + strings.Repeat("x", 64) + ".com",
		strings.Repeat("x", 243) + "@example.com",
	} {
		if _, _, problem := account.CheckEmail(email); problem == "" {
			t.Errorf("%q was taken", email)
		}
	}
	if _, _, problem := account.CheckEmail(strings.Repeat("x", 242) + "@example.com"); problem != "" {
		t.Errorf("254 characters: %s", problem)
	}
}

func TestUsernames(t *testing.T) {
	for _, c := range [][2]string{
		{"ann", "ann"},
		{" Ann.B_c-1 ", "ann.b_c-1"},
		{"\u00c9ric", "\u00e9ric"},
		{"E\u0301ric", "\u00e9ric"},
		{"12a", "12a"},
		{"\u65e5\u672c", "\u65e5\u672c"},
		{"\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"},
		{strings.Repeat("\u00e9", 50), strings.Repeat("\u00e9", 50)},
		{"0123456789abcdef0123456", "0123456789abcdef0123456"},
	} {
		if _, key, problem := account.CheckUsername(c[0]); key != c[1] || problem != "" || account.UsernameKey(c[0]) != key {
			t.Errorf("%q: %q %q", c[0], key, problem)
		}
	}
	for _, name := range []string{
		"", "a", " a ", strings.Repeat("a", 51), "12345", "\u0661\u0662", "a b", "a@b", "a\x00b", "a\xffb", "a\u200bb", "\u0301ab",
		"0123456789abcdef01234567", "0123456789ABCDEF01234567", "a\nb", "a,b", "\U0001f600\U0001f600",
	} {
		if _, _, problem := account.CheckUsername(name); problem == "" {
			t.Errorf("%q was taken", name)
		}
	}
}

func TestTheKeyOfAKeyIsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := account.EmailKey(rapid.String().Draw(t, "email"))
		if again := account.EmailKey(key); again != key {
			t.Fatalf("%q became %q", key, again)
		}
	})
}

func TestCheckingPlainNamesAllocatesNothing(t *testing.T) {
	n := testing.AllocsPerRun(100, func() {
		_, _, _ = account.CheckEmail(" ann.smith+7@mail.example.com")
		_, _, _ = account.CheckUsername("ann_smith-7 ")
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCheckEmailAndUsername(b *testing.B) {
	for range b.N {
		_, _, _ = account.CheckEmail("Ann.Smith+7@mail.example.com")
		_, _, _ = account.CheckUsername("ann_smith-7")
	}
}
