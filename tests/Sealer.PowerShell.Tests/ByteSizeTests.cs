namespace Sealer.PowerShell.Tests;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4GB", 4L << 30)]
    [InlineData("4 GiB", 4L << 30)]
    [InlineData(" 650mb ", 650L << 20)]
    [InlineData("1.5t", 3L << 39)]
    [InlineData("512 b", 512)]
    public void Sizes_are_read_as_people_write_them(string text, long bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("GB")]
    [InlineData("-4GB")]
    [InlineData("4 apples")]
    [InlineData("999999999999999P")]
    public void What_is_not_a_size_is_refused(string text) => Assert.Throws<FormatException>(() => ByteSize.Parse(text));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(1023 * 1024, "1.00 MiB")]
    [InlineData(789_577_728, "753 MiB")]
    [InlineData(long.MaxValue, "8192 PiB")]
    public void Sizes_are_shown_in_three_digits(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));
}
