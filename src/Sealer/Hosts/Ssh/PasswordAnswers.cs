using System.Text.RegularExpressions;

namespace Sealer.Hosts.Ssh;

/// <summary>
/// Answers what a server asks at a login: once, and with the password only what asks for one. A code that is asked for too is
/// not known here, and an account counts wrong ones.
/// </summary>
/// <param name="password">The password.</param>
/// <param name="tried">Told what was left without an answer.</param>
internal sealed partial class PasswordAnswers(Secret password, ICollection<string> tried)
{
    private bool _given;

    /// <param name="request">What it asks.</param>
    /// <param name="isEchoed">What is typed may be seen, and so is no secret.</param>
    public string To(string request, bool isEchoed)
    {
        var isCode = Code().IsMatch(request);
        if (!isEchoed && !isCode && !_given)
        {
            _given = true;
            return password.Reveal();
        }

        // Asked for the password again, the first was wrong: that is told as such.
        if (isEchoed || isCode)
            tried.Add($"no answer to '{PlainText.Of(request.Trim())}' (a login that asks for more than a password needs a key)");
        return "";
    }

    [GeneratedRegex(@"code|otp|token|verif|\bpin\b|factor", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Code();
}
