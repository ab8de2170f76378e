using Sealer.Images;
using Sealer.Images.Copying;

namespace Sealer.Tests.Images.Copying;

public sealed class VerifyingStreamTests
{
    private static readonly byte[] Content = RandomImage.Bytes(1, 100_000);

    [Fact]
    public void Right_content_passes_and_is_known_to_be_right_before_its_end_is_read()
    {
        var stream = new VerifyingStream(new MemoryStream(Content), Descriptor.Of("", Content));
        var read = new byte[Content.Length];
        stream.ReadExactly(read);
        Assert.True(stream.IsVerified);
        Assert.Equal(0, stream.Read(read));
        Assert.Equal(Content, read);
    }

    [Fact]
    public void Empty_content_is_verified_too()
    {
        Assert.True(new VerifyingStream(Stream.Null, Descriptor.Of("", [])).IsVerified);
        var lie = Descriptor.Of("", [1]) with { Size = 0 };
        Assert.Equal("DigestMismatch", Assert.Throws<SealerException>(() => new VerifyingStream(Stream.Null, lie)).Id);
    }

    [Theory]
    [InlineData(0, "DigestMismatch")]
    [InlineData(1, "Truncated")]
    [InlineData(-1, "SizeMismatch")]
    public async Task Content_that_is_not_what_it_says_is_refused(int sizeLie, string id)
    {
        var descriptor = Descriptor.Of("", Content);
        descriptor = descriptor with { Size = descriptor.Size + sizeLie };
        var sent = (byte[])Content.Clone();
        if (sizeLie == 0)
            sent[^1]++;
        var error = await Assert.ThrowsAsync<SealerException>(
            () => new VerifyingStream(new MemoryStream(sent), descriptor).CopyToAsync(Stream.Null));
        Assert.Equal(id, error.Id);
        error = Assert.Throws<SealerException>(() => new VerifyingStream(new MemoryStream(sent), descriptor).CopyTo(Stream.Null));
        Assert.Equal(id, error.Id);
    }

    [Fact]
    public void A_sha512_digest_is_verified_as_one()
    {
        var digest = Digest.Parse("sha512:" + Convert.ToHexString(System.Security.Cryptography.SHA512.HashData(Content)).ToLowerInvariant());
        var stream = new VerifyingStream(new MemoryStream(Content), new Descriptor { MediaType = "", Digest = digest, Size = Content.Length });
        stream.CopyTo(Stream.Null);
        Assert.True(stream.IsVerified);
    }
}
