using Sealer.Images;

namespace Sealer.Tests.Images;

public sealed class ImageNamesTests
{
    private static readonly ImageReference[] There =
        [.. new[] { "registry.example.com/skyline:v2", "registry.example.com/skyline:v3", "staging.example.com/team/skyline:v3", "nginx:1.27" }.Select(ImageReference.Parse)];

    [Theory]
    [InlineData("registry.example.com/skyline:v4", "registry.example.com/skyline:v2 registry.example.com/skyline:v3 staging.example.com/team/skyline:v3")]
    [InlineData("skyline", "registry.example.com/skyline:v2 registry.example.com/skyline:v3 staging.example.com/team/skyline:v3")]
    [InlineData("registry.example.com/skylin:v3", "registry.example.com/skyline:v3")]
    [InlineData("ngnix:1.27", "nginx:1.27")]
    [InlineData("something.example.com/else:v1", "")]
    public void What_was_probably_meant_is_near(string wanted, string near) =>
        Assert.Equal(near, string.Join(' ', ImageNames.Near(ImageReference.Parse(wanted), There)));
}
