using Sealer.Events;

namespace Sealer.Tests;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("It is so.\n\tNext: do this.", "It is so.\n\tNext: do this.")]
    [InlineData("\u001b[31mred\u0007\r", "?[31mred??")]
    [InlineData("one\r\ntwo\r\n", "one\ntwo\n")]
    [InlineData("a \u202Etxt.exe", "a ?txt.exe")]
    [InlineData("it says: ##vso[task.complete]", "it says: # #vso[task.complete]")]
    [InlineData("###vso[x]", "# # #vso[x]")]
    public void What_strangers_are_quoted_with_is_harmless_to_print(string text, string expected)
    {
        Assert.Equal(expected, new SealerException("X", ErrorKind.InvalidInput, text).Message);
        Assert.Equal(expected, new WarningEvent(text).Message);
        Assert.Equal(expected, new DetailEvent(text).Message);
        var progress = new ProgressEvent(text, text, 0, null);
        Assert.Equal((expected, expected), (progress.Activity, progress.Item));
    }
}
