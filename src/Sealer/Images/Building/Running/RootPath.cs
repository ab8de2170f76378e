namespace Sealer.Images.Building.Running;

/// <summary>Paths as they are seen by somebody whose root is the image's folder: links lead nowhere outside.</summary>
internal static class RootPath
{
    private const int MaxLinks = 40;

    /// <summary>
    /// The path, relative to the root, that <paramref name="path"/> stands for once every link is followed inside the root;
    /// it need not exist. Null where links go round in circles.
    /// </summary>
    public static string? Resolve(string root, string path)
    {
        var rest = new Stack<string>(Parts(path).Reverse());
        var done = new List<string>();
        var links = 0;
        while (rest.TryPop(out var part))
        {
            if (part == "..")
            {
                if (done.Count > 0)
                    done.RemoveAt(done.Count - 1);
                continue;
            }

            done.Add(part);
            var target = new FileInfo(Path.Combine(root, Path.Combine([.. done]))).LinkTarget;
            if (target is null)
                continue;
            if (++links > MaxLinks)
                return null;
            done.RemoveAt(done.Count - 1);
            if (target.StartsWith('/'))
                done.Clear();
            foreach (var next in Parts(target).Reverse())
                rest.Push(next);
        }

        return string.Join('/', done);
    }

    private static IEnumerable<string> Parts(string path) =>
        path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".");
}
