using Sealer.Hosts.Ssh;

namespace Sealer.Tests.Hosts.Ssh;

public sealed class PasswordAnswersTests
{
    private readonly List<string> _tried = [];

    [Theory]
    [InlineData("Password: ", false, "secret")]
    [InlineData("ops@host's password:", false, "secret")]
    [InlineData("Passwort: ", false, "secret")]
    [InlineData("Verification code: ", false, "")]
    [InlineData("One-time password (OATH) token: ", false, "")]
    [InlineData("Enter PIN: ", false, "")]
    [InlineData("Login name: ", true, "")]
    public void The_password_is_given_to_what_asks_for_one(string request, bool isEchoed, string answer)
    {
        Assert.Equal(answer, Answers().To(request, isEchoed));
        Assert.Equal(answer.Length == 0, _tried.Any(told => told.Contains(request.Trim(), StringComparison.Ordinal) && told.Contains("needs a key", StringComparison.Ordinal)));
    }

    [Fact]
    public void It_is_given_once()
    {
        var answers = Answers();
        Assert.Equal(["secret", "", ""], new[] { answers.To("Password: ", false), answers.To("Verification code: ", false), answers.To("Password: ", false) });
        Assert.Single(_tried);
    }

    private PasswordAnswers Answers() => new(Secret.Of("secret")!, _tried);
}
