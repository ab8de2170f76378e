using System.Formats.Tar;

namespace Sealer.Tests.Images;

/// <summary>Small tars in memory.</summary>
internal static class TinyTar
{
    public static byte[] Of(string name, byte[] content) => Of((name, content));

    public static byte[] Of(params (string Name, byte[] Content)[] files)
    {
        var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(content),
                    ModificationTime = DateTimeOffset.UnixEpoch,
                });
            }
        }

        return stream.ToArray();
    }
}
